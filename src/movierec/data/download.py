"""Fetch a known data set: resumed, capped in size, checked, and in place only when it is whole."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import requests

from movierec.config import Settings
from movierec.data.archives import ZipFiles
from movierec.data.ingest import Progress
from movierec.data.readers import detect_layout
from movierec.data.registry import GROUPLENS, KNOWN_DATASETS, KnownDataset
from movierec.errors import ConfigError, DataError, LayoutError, UnknownDatasetError

_TIMEOUT: Final = (10.0, 60.0)
_CHUNK: Final = 1 << 16  # what an interruption costs at most
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


def download(
    name: str,
    settings: Settings,
    progress: Progress | None = None,
    *,
    base_url: str = GROUPLENS,
    max_bytes: int | None = None,
) -> Path:
    """Fetch the archive of a known data set into ``settings.raw_dir``.

    What is already there is kept; what was interrupted is continued.

    Parameters
    ----------
    name : one of :data:`movierec.data.registry.KNOWN_DATASETS`
    settings : where raw data goes
    progress : receives licence, citation and how far it is, one line each
    base_url : folder of the archives; https, or http on this machine
    max_bytes : refuse more; twice the known size by default

    Returns
    -------
    Path of the archive, ready for :func:`movierec.data.dataset.load_dataset`.

    Raises
    ------
    UnknownDatasetError
        If the name is not known.
    DataError
        If it cannot be fetched whole, is too large or has the wrong checksum.
    """
    known = KNOWN_DATASETS.get(name)
    if known is None:
        names = ", ".join(KNOWN_DATASETS)
        raise UnknownDatasetError(f"no data set {name[:80]!r} to download; known names: {names}")
    url = _join_url(base_url, known.archive)
    say = progress or (lambda _: None)
    say(f"{name}: {known.licence}")
    say(f"{name}: please cite: {known.citation}")
    target = settings.raw_dir / known.archive
    if target.exists():
        say(f"{name}: already in {target}")
        return target
    cap = max_bytes if max_bytes is not None else known.megabytes * 2 * 1024**2
    part = target.with_name(f"{target.name}.part")
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        with requests.Session() as session:
            checksum = known.md5 or _fetch_checksum(session, f"{url}.md5")
            _fetch(session, url, part, cap, known, say)
        _verify(part, checksum, url)
        part.replace(target)
    except requests.exceptions.SSLError as error:
        raise DataError(
            f"the certificate of {urlsplit(url).hostname} cannot be verified; "
            f"fetch {url} another way and give its path with --dataset"
        ) from error
    except requests.RequestException as error:
        raise DataError(
            f"cannot fetch {url}: {_describe(error)}; check the connection and run again to continue"
        ) from error
    except OSError as error:
        raise DataError(
            f"cannot write {part}: {error.strerror}; free space or choose another home"
        ) from error
    say(f"{name}: ready in {target}")
    return target


def _join_url(base_url: str, archive: str) -> str:
    parts = urlsplit(base_url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise ConfigError(f"base_url must be https, got {base_url!r}")
    return f"{base_url.rstrip('/')}/{archive}"


def _fetch_checksum(session: requests.Session, url: str) -> str:
    response = session.get(url, timeout=_TIMEOUT, stream=True)
    response.raise_for_status()
    text = response.raw.read(4096, decode_content=True).decode("ascii", "replace")
    found = re.search(r"\b[0-9a-fA-F]{32}\b", text)
    if found is None:
        raise DataError(f"{url} holds no MD5 checksum; try again later")
    return found[0].lower()


def _fetch(
    session: requests.Session, url: str, part: Path, cap: int, known: KnownDataset, say: Progress
) -> None:
    done = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={done}-"} if done else {})
    with session.get(url, headers=headers, timeout=_TIMEOUT, stream=True) as response:
        if response.status_code == requests.codes.requested_range_not_satisfiable:
            return  # nothing is missing, or the part is of another file: the checksum tells
        response.raise_for_status()
        resumed = response.status_code == requests.codes.partial_content
        if resumed and not response.headers.get("Content-Range", "").startswith(f"bytes {done}-"):
            raise DataError(f"{url} answered with another part than asked for; delete {part} and run again")
        done = done if resumed else 0
        length = response.headers.get("Content-Length", "")
        total = done + int(length) if length.isdigit() else None
        if total is not None and total > cap:
            raise DataError(
                f"{url} has {total:,} bytes, more than the {cap:,} allowed; is it the right file?"
            )
        if resumed:
            say(f"{known.name}: continuing at {done:,} bytes")
        _write_stream(response, part, done, total, cap, known, say)


def _write_stream(
    response: requests.Response,
    part: Path,
    done: int,
    total: int | None,
    cap: int,
    known: KnownDataset,
    say: Progress,
) -> None:
    shown = -1
    with part.open("ab" if done else "wb") as stream:
        for chunk in response.iter_content(_CHUNK):
            done += len(chunk)
            if done > cap:
                stream.close()
                part.unlink()
                raise DataError(
                    f"{response.url} is larger than the {cap:,} bytes allowed; is it the right file?"
                )
            stream.write(chunk)
            tenth = 10 * done // total if total else -1
            if tenth > shown:
                shown = tenth
                say(f"{known.name}: {tenth * 10} % of {total:,} bytes")
    if total is not None and done < total:
        raise requests.ConnectionError(f"the connection ended after {done:,} of {total:,} bytes")


def _verify(part: Path, checksum: str, url: str) -> None:
    with part.open("rb") as stream:
        seen = hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if seen != checksum:
        part.unlink()
        raise DataError(f"{url} has the checksum {seen}, expected {checksum}; it was deleted, run again")
    try:
        detect_layout(ZipFiles(part))
    except LayoutError:
        part.unlink()
        raise


def _describe(error: requests.RequestException) -> str:
    if error.response is not None:
        return f"the server answered {error.response.status_code}"
    if isinstance(error, requests.Timeout):
        return "the server did not answer in time"
    text = str(error)
    return text if text.startswith("the connection ended") else "no connection"
