"""What failed between this program and an archive: a sentence that names it and nothing that it holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from ContourQALib.pacs.address import Address
from ContourQALib.pacs.credentials import PASSWORD_VARIABLE, TOKEN_VARIABLE, USER_VARIABLE
from ContourQALib.pacs.errors import AccessError, NotThereError, PacsError, PassingError
from ContourQALib.pacs.multipart import CutOffError

UNKNOWN_USER, NOT_ALLOWED, NOT_THERE = 401, 403, 404
TIMED_OUT, TOO_MANY = 408, 429
SERVER_FAILED = 500
"""HTTP status codes (RFC 9110); from the last one on it is the server that failed."""


@contextmanager
def failures_explained(address: Address, timeout_s: float) -> Iterator[None]:
    """Turn what `requests` and `dicomweb_client` raise inside the block into errors of ours.

    The texts of those exceptions are not passed on: they hold whole addresses with what was searched for.

    Raises:
        AccessError: the archive wants (other) credentials.
        NotThereError: it has nothing there.
        PassingError: it did not answer, not to the end, or says that it cannot now.
        PacsError: it cannot be reached safely, sends us elsewhere, or is no DICOMweb service.
    """
    import requests

    try:
        yield
    except requests.exceptions.TooManyRedirects as error:
        raise PacsError(_redirected(address, error.response)) from None
    except requests.exceptions.HTTPError as error:
        raise of_status(address, _status(error)) from None
    except requests.exceptions.SSLError as error:
        raise PacsError(_insecure(address, str(error))) from None
    except requests.exceptions.Timeout:
        raise PassingError(
            f"{address.url} did not answer within {timeout_s:g} s; try again, or allow more by --timeout."
        ) from None
    except (
        requests.exceptions.ConnectionError,
        requests.exceptions.ChunkedEncodingError,
        CutOffError,
    ) as error:
        raise PassingError(_lost(address, error)) from None
    except requests.exceptions.RequestException as error:
        if isinstance(error, ValueError) and not isinstance(error, requests.exceptions.InvalidURL):
            raise no_dicomweb(address) from None
        raise PacsError(
            f"{address.url} cannot be asked ({type(error).__name__}); check the address."
        ) from None
    except ValueError:  # what dicomweb_client raises for an answer of another media type
        raise no_dicomweb(address) from None


def of_status(address: Address, status: int) -> PacsError:
    """The error that a status code of 400 and above stands for."""
    if status == UNKNOWN_USER:
        return AccessError(
            f"{address.url} does not know who asks (HTTP {status}); set {USER_VARIABLE} and "
            f"{PASSWORD_VARIABLE}, or {TOKEN_VARIABLE}.",
            unknown=True,
        )
    if status == NOT_ALLOWED:
        return AccessError(
            f"{address.url} does not allow this (HTTP {status}); ask its administrator for the right, or use "
            "other credentials.",
            unknown=False,
        )
    if status == NOT_THERE:
        return NotThereError(
            f"{address.url} has nothing there (HTTP {status}); check the address, whose path is often "
            "/dicom-web, and the UIDs."
        )
    if status in (TIMED_OUT, TOO_MANY) or status >= SERVER_FAILED:
        return PassingError(f"{address.url} failed (HTTP {status}); try again, or ask its administrator.")
    return PacsError(
        f"{address.url} refused what was asked (HTTP {status}); check the address, whose path is often "
        "/dicom-web, and the options."
    )


def _status(error: Any) -> int:
    return int(error.response.status_code)


def no_dicomweb(address: Address) -> PacsError:
    """The error of an answer that is not DICOM's, such as a page for a browser."""
    return PacsError(
        f"{address.url} does not answer as DICOMweb does; check the address, whose path is often /dicom-web."
    )


def _redirected(address: Address, response: Any) -> str:
    target = urlsplit(response.headers.get("Location", ""))
    place = f"{target.scheme}://{target.hostname}" if target.hostname else "another path"
    return (
        f"{address.url} sends on to {place}, which is not followed with credentials and patient data; "
        "if that is the archive, name it by --url."
    )


def _insecure(address: Address, reason: str) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in reason:
        return (
            f"The certificate of {address.url} is not signed by an authority that is known here; name your "
            "clinic's by --ca-file, or ask who runs the archive."
        )
    return (
        f"No secure connection to {address.url} can be made; check that it speaks TLS (https) at this port."
    )


def _lost(address: Address, error: Exception) -> str:
    import requests

    if isinstance(error, requests.exceptions.ConnectionError) and "NewConnectionError" in str(error):
        return f"{address.url} cannot be reached; check the address and that the archive runs."
    return f"The connection to {address.url} broke before the answer was complete; try again."
