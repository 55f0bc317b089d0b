"""A file is fetched once, by whoever is let in, under its own name."""

from __future__ import annotations

import asyncio
from urllib.parse import unquote

import pytest

from ContourQALib.workstation.errors import AccessError
from ContourQALib.workstation.serving.downloads import Downloads


def file_name(disposition: str) -> str:
    """The name as a browser of today reads it (RFC 6266)."""
    return unquote(disposition.partition("filename*=UTF-8''")[2])


def test_bytes_are_sent_once(site):
    url = site.offer("decisions.csv", b"case,choice\n")
    answer = site.inside(url)

    assert (answer.status, answer.body) == (200, b"case,choice\n")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["Cache-Control"] == "no-store"
    assert site.inside(url).status == 404


def test_a_file_of_the_results_folder_is_sent_once(site):
    path = site.results / "report.html"
    path.write_text("<p>report</p>")
    url = site.offer("report.html", path)

    assert site.inside(url).body == b"<p>report</p>"
    assert site.inside(url).status == 404


def later(site, making) -> str:
    async def started() -> str:
        return site.downloads.later(asyncio.ensure_future(making))

    return asyncio.run_coroutine_threadsafe(started(), site.loop).result(10)


def test_the_address_of_what_takes_long_is_waited_for_beside_all_else(site):
    async def made() -> str:
        await asyncio.sleep(0.3)
        return site.downloads.offer("report.html", b"made")

    place = later(site, made())
    assert site.ask(place).status == 403
    answer = site.inside(place)
    assert answer.headers["Cache-Control"] == "no-store"
    assert site.inside(answer.body.decode()).body == b"made"
    assert site.inside(place).status == 404


def test_what_could_not_be_made_has_no_address(site):
    async def nothing() -> None:
        return None

    async def cancelled() -> str:
        raise asyncio.CancelledError

    for making in (nothing(), cancelled()):
        answer = site.inside(later(site, making))
        assert (answer.status, answer.body) == (200, b"")


def test_the_gate_stands_before_downloads_and_refusal_does_not_use_them_up(site):
    url = site.offer("report.html", "text")

    assert site.ask(url).status == 403
    assert site.inside(url).body == b"text"


def test_asking_for_the_head_does_not_use_a_download_up(site):
    url = site.offer("report.html", "text")

    assert site.inside(url, "HEAD").status == 404
    assert site.inside(url).status == 200


def test_a_file_that_went_away_is_not_found(site):
    path = site.results / "gone.csv"
    path.write_text("")
    url = site.offer("gone.csv", path)
    path.unlink()

    assert site.inside(url).status == 404


def test_files_elsewhere_are_not_offered(site, tmp_path):
    (site.results / "link").symlink_to("/etc/passwd")

    for path in (tmp_path / "other.txt", site.results / ".." / "other.txt", site.results / "link"):
        with pytest.raises(AccessError):
            site.offer("other.txt", path)


def test_without_a_results_folder_no_file_is_offered(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("")

    with pytest.raises(AccessError):
        Downloads().offer("a.csv", path)


def test_addresses_are_long_and_differ(site):
    urls = {site.offer("a.csv", b"") for _ in range(8)}

    assert len(urls) == 8
    assert min(map(len, urls)) >= len("/downloads/") + 32


@pytest.mark.parametrize(
    "name", ["report.html", "Übersicht é.html", 'a"b.csv', "a;b%20c.csv", "line\r\nSet-Cookie: x=1.csv"]
)
def test_names_arrive_whole_and_break_no_header(site, name):
    answer = site.inside(site.offer(name, b"x"))

    assert answer.status == 200
    assert "Set-Cookie" not in answer.headers
    assert file_name(answer.headers["Content-Disposition"]) == name


def test_a_name_holds_no_folder(site):
    answer = site.inside(site.offer("../../etc/cron.d/job", b"x"))

    assert file_name(answer.headers["Content-Disposition"]) == "job"


def test_what_nobody_fetches_is_forgotten(tmp_path):
    async def offered() -> tuple[int, int]:
        downloads = Downloads(tmp_path, kept_s=0.01)
        downloads.offer("a.csv", b"x")
        before = len(downloads)
        await asyncio.sleep(0.1)  # ten times what it is kept
        return before, len(downloads)

    assert asyncio.run(offered()) == (1, 0)
