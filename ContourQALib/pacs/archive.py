"""One DICOMweb archive: questions that are asked again when an answer fails, and files that are not.

`dicomweb_client` words the searches. Files travel as bytes of this module's own requests, in the same
session: the client would hold a file several times in memory, decode and encode it anew, and store it again
where the archive says that it is busy, whether or not it has it by now (Docs/decisions/pacs.md).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from ContourQALib.errors import FormatError, SettingError
from ContourQALib.pacs.address import Address
from ContourQALib.pacs.credentials import Credentials
from ContourQALib.pacs.errors import AccessError, PacsError, PassingError
from ContourQALib.pacs.failures import UNKNOWN_USER, failures_explained, no_dicomweb, of_status
from ContourQALib.pacs.multipart import FileBody, MultipartReader, boundary_of

CONNECT_S = 10.0
"""A machine of the clinic's network answers at once or is not there."""

BACKOFF_S = (0.5, 2.0)
"""Waits before something is asked a second and a third time."""

PAGE = 200
"""Rows that one search asks for: some archives refuse to give more, others give less and are asked on."""

CHUNK = 1 << 20
"""Bytes of a file that are in memory at a time."""

AS_STORED = 'multipart/related; type="application/dicom"; transfer-syntax=*'
"""Whole files in the transfer syntax they were stored in (PS3.18 8.7.3.5)."""

DICOM_JSON = "application/dicom+json"

Answer = TypeVar("Answer")

Ask = Callable[[Address], Credentials | None]
"""Asks the user who they are; None where nobody can be asked or answers."""


class Archive:
    """An archive at an address.

    Nothing is sent before the first question. Redirects are not followed, proxies and `.netrc` are not looked
    for: what is asked and sent goes to the address that the user typed and nowhere else.
    """

    def __init__(
        self,
        address: Address,
        credentials: Credentials | None = None,
        *,
        ca_file: Path | None = None,
        timeout_s: float = 60.0,
        ask: Ask | None = None,
        backoff_s: Sequence[float] = BACKOFF_S,
    ) -> None:
        """Get ready to ask an archive.

        Args:
            address: its DICOMweb root.
            credentials: who asks.
            ca_file: certificates (PEM) of the authorities to trust instead of the public ones.
            timeout_s: how long the archive may be silent.
            ask: asks for credentials, once, when the archive wants some and there are none.
            backoff_s: waits between tries.

        Raises:
            SettingError: the file of certificates cannot be used, or credentials would travel in clear.
            PacsError: dicomweb-client is not installed.
        """
        client = _client()
        self.address = address
        self.backoff_s = tuple(backoff_s)
        self._ask = ask
        self._timeout_s = timeout_s
        self._session = _session(ca_file)
        self._sign(credentials)
        self._client = client(
            address.url, session=self._session, permissive_uid=True, timeout=(CONNECT_S, timeout_s)
        )
        self._client.set_http_retry_params(retry=False)

    def patiently(self, question: Callable[[], Answer]) -> Answer:
        """The answer to a question that changes nothing, asked again where that may help.

        Raises:
            PacsError: the archive does not answer, however often it is asked.
        """
        for wait_s in self.backoff_s:
            try:
                return question()
            except PassingError:
                time.sleep(wait_s)
        return question()

    def search(self, level: str, *uids: str, **how: Any) -> list[Mapping[str, Any]]:
        """One page of a search.

        Args:
            level: "studies", "series" or "instances".
            uids: of the study, or the study and series, to search in.
            how: `search_filters`, `fields`, `limit` and `offset` of `dicomweb_client`.

        Returns:
            Rows in DICOM's JSON (PS3.18 F.2).

        Raises:
            PacsError: the archive does not answer.
        """
        function = getattr(self._client, f"search_for_{level}")
        rows = self.patiently(lambda: self._admitted(lambda: function(*uids, **how)))
        if not all(isinstance(row, dict) for row in rows):
            raise no_dicomweb(self.address)
        return rows

    def files(self, path: str) -> Iterator[Iterator[bytes]]:
        """The files under a path, each in pieces as they arrive; asked for once.

        Args:
            path: below the root of the service, with a leading slash, such as /studies.

        Raises:
            PacsError: the archive does not answer, or stops in the middle.
        """
        with self._open(path) as response:
            kind = response.headers.get("Content-Type", "")
            boundary = boundary_of(kind)
            chunks = response.iter_content(CHUNK)
            if boundary is not None:
                for pieces in MultipartReader(chunks, boundary):
                    yield self._explained(pieces)
            elif kind.lower().startswith("application/dicom") and "json" not in kind and "xml" not in kind:
                yield self._explained(chunks)  # one file as it is, which some archives send for one instance
            else:
                raise no_dicomweb(self.address)

    def store(self, path: Path) -> tuple[int, Mapping[str, Any]]:
        """Send one file, once (PS3.18 10.5).

        Returns:
            The status code, 400 and above for a refusal; and what the archive says of the instance, in
            DICOM's JSON, {} where it says nothing that can be read.

        Raises:
            AccessError: it does not let us store; nothing was stored.
            PassingError: no answer, or the archive failed; whether it has the file is not known.
            FormatError: the file cannot be opened; nothing was sent.
            PacsError: it cannot be reached safely or is no DICOMweb service.
        """

        def post() -> Any:
            with _body(path) as body:
                headers = {"Content-Type": body.content_type, "Accept": DICOM_JSON}
                return self._session.post(
                    f"{self.address.url}/studies",
                    data=body,
                    headers=headers,
                    timeout=(CONNECT_S, self._timeout_s),
                )

        answer = self._admitted(post)
        error = of_status(self.address, answer.status_code) if answer.status_code >= 400 else None
        if isinstance(error, AccessError | PassingError):
            raise error
        return answer.status_code, _said(answer)

    def _explained(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        with failures_explained(self.address, self._timeout_s):
            yield from pieces

    @contextmanager
    def _open(self, path: str) -> Iterator[Any]:
        def get() -> Any:
            response = self._session.get(
                self.address.url + path,
                headers={"Accept": AS_STORED},
                stream=True,
                timeout=(CONNECT_S, self._timeout_s),
            )
            response.raise_for_status()
            return response

        response = self._admitted(get)
        with response, failures_explained(self.address, self._timeout_s):
            yield response

    def _admitted(self, request: Callable[[], Any]) -> Any:
        """The answer to a request; who asks is asked for once, where nobody has said so yet."""
        try:
            with failures_explained(self.address, self._timeout_s):
                answer = request()
                if getattr(answer, "status_code", None) == UNKNOWN_USER:
                    raise of_status(self.address, UNKNOWN_USER)
                return answer
        except AccessError as error:
            if not error.unknown or self._ask is None:
                raise
            ask, self._ask = self._ask, None
            found = ask(self.address)
            if found is None:
                raise
            self._sign(found)
        with failures_explained(self.address, self._timeout_s):
            return request()

    def _sign(self, credentials: Credentials | None) -> None:
        if credentials is not None:
            credentials.check_way(self.address)
            self._ask = None

        def sign(request: Any) -> Any:
            # dicomweb_client names the host without its port, which servers behind one address tell apart by
            request.headers.pop("Host", None)
            request.url = _plain(request.url)
            if credentials is not None:
                request.headers["Authorization"] = credentials.header
            return request

        self._session.auth = sign


def _client() -> Any:
    try:
        from dicomweb_client.web import DICOMwebClient
    except ImportError as error:
        raise PacsError(
            "An archive is asked with the package dicomweb-client, which is not installed; install it by "
            "pip install dicomweb-client."
        ) from error
    return DICOMwebClient


def _session(ca_file: Path | None) -> Any:
    import requests

    # Their records hold whole addresses, and in these what was searched for: a patient's ID.
    for name in ("dicomweb_client", "urllib3"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    session = requests.Session()
    session.trust_env = False
    session.max_redirects = 0
    if ca_file is not None:
        session.verify = _checked(ca_file)
    return session


def _plain(url: str) -> str:
    """An address whose wildcards stand as they are, which they may (RFC 3986 3.4), and with spaces as %20.

    Orthanc searches for what stands in an address, and a plus is a space in forms alone.
    """
    path, mark, query = url.partition("?")
    return path + mark + query.replace("%2A", "*").replace("%3F", "?").replace("+", "%20")


def _checked(ca_file: Path) -> str:
    import ssl

    try:
        ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise SettingError(
            f"--ca-file {ca_file} holds no certificates in PEM form; name such a file."
        ) from error
    return str(ca_file)


def _body(path: Path) -> FileBody:
    try:
        return FileBody(path)
    except OSError as error:
        raise FormatError(f"Cannot read {path} ({error.strerror}); check that the file exists.") from error


def _said(answer: Any) -> Mapping[str, Any]:
    if "json" not in answer.headers.get("Content-Type", "json"):
        return {}
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
