"""The pull: every endpoint to its end, then the two files a build reads."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from movierec.artifacts.files import replace_atomically
from movierec.data.harvest.archive import Archive, EndpointStatus, PullStatus, State, read_clock
from movierec.data.harvest.pages import PageSource, Row
from movierec.data.harvest.rows import (
    INTERACTION_HEADER,
    ITEM_HEADER,
    USER_HEADER,
    Line,
    read_event,
    read_item,
    read_user,
    sort_distinct,
)
from movierec.data.harvest.spec import Endpoint, RowKind, SourceSpec
from movierec.errors import DataError

MAX_PAGES: Final = 200_000
STALE_PAGES: Final = 3
"""So many pages in a row without a new row are the end: some servers repeat their last page for ever."""

Progress = Callable[[str], None]


def pull(
    source: PageSource,
    spec: SourceSpec,
    folder: Path,
    progress: Progress | None = None,
    refresh: bool = False,
) -> PullStatus:
    """Pull all endpoints into ``folder`` and write ``interactions.csv``, ``items.csv`` and ``users.csv``.

    Pages that are there are not asked for again, but for the last of each endpoint, which may have grown;
    so an interrupted pull goes on, and one that is repeated brings what is new. Repeated rows count once: the
    same rows give the same files to the last byte.

    Parameters
    ----------
    refresh : forget what was pulled before and start over

    Raises
    ------
    DataError
        If a page cannot be had, or there is no interaction in the end; what was pulled is kept.
    """
    archive = Archive(folder)
    if refresh:
        archive.clear()
    run = _Run(source, spec, archive, progress or (lambda _: None), read_clock())
    try:
        for endpoint in spec.endpoints:
            run.follow(endpoint)
        return run.finish()
    except KeyboardInterrupt:
        run.tell("interrupted")
        raise
    except (DataError, OSError) as error:
        run.tell("failed", error=str(error))
        raise


@dataclass
class _Run:
    source: PageSource
    spec: SourceSpec
    archive: Archive
    say: Progress
    started: datetime
    endpoints: dict[str, EndpointStatus] = field(default_factory=dict)

    def follow(self, endpoint: Endpoint) -> None:
        """Bring one endpoint to its end."""
        name = endpoint.name
        known = self.archive.count(name)
        seen: set[Line] = set()
        rows = stale = 0
        number = 1
        for number in range(1, known):
            page = self.archive.read(name, number)
            rows += len(page)
            seen.update(self._read(row, endpoint) for row in page)
        if known > 1:
            self.say(f"{name}: {known - 1:,} pages are there, going on")
        number = max(known, 1)
        while number <= MAX_PAGES:
            page = self.source.read_page(endpoint, number)
            if not page:
                break
            self.archive.store(name, number, page)
            before = len(seen)
            seen.update(self._read(row, endpoint) for row in page)
            rows += len(page)
            stale = 0 if len(seen) > before else stale + 1
            self.endpoints[name] = EndpointStatus(pages=number, rows=rows)
            self.tell("running")
            self.say(f"{name}: page {number:,}, {len(seen):,} rows")
            if stale == STALE_PAGES:
                self.say(f"{name}: {stale} pages without anything new, taken for the end")
                self.archive.drop(name, number - stale)
                break
            number += 1
        pages = self.archive.count(name)
        self.endpoints[name] = EndpointStatus(pages=pages, rows=rows, complete=True)

    def finish(self) -> PullStatus:
        """Write the files from all stored pages."""
        lines: dict[RowKind, list[Line]] = {}
        for kind in RowKind:
            lines[kind] = sort_distinct(
                self._read(row, endpoint)
                for endpoint in self.spec.endpoints
                if endpoint.kind is kind
                for row in self._stored(endpoint)
            )
        if not lines[RowKind.EVENT]:
            raise DataError("no interaction was pulled; check the endpoints of the source")
        items = _one_per_item(lines[RowKind.ITEM])
        _write(self.archive.folder / "interactions.csv", INTERACTION_HEADER, lines[RowKind.EVENT])
        _write(self.archive.folder / "users.csv", USER_HEADER, lines[RowKind.USER])
        if items:
            _write(self.archive.folder / "items.csv", ITEM_HEADER, items)
        return self.tell(
            "complete",
            interactions=len(lines[RowKind.EVENT]),
            items=len(items),
            users=len(lines[RowKind.USER]),
        )

    def tell(
        self, state: State, interactions: int = 0, items: int = 0, users: int = 0, error: str | None = None
    ) -> PullStatus:
        """Write and return the status."""
        status = PullStatus(
            url=self.spec.url,
            state=state,
            started=self.started,
            updated=read_clock(),
            endpoints=self.endpoints,
            interactions=interactions,
            items=items,
            users=users,
            error=error,
        )
        self.archive.tell(status)
        return status

    def _stored(self, endpoint: Endpoint) -> Iterator[Row]:
        for number in range(1, self.archive.count(endpoint.name) + 1):
            yield from self.archive.read(endpoint.name, number)

    def _read(self, row: Row, endpoint: Endpoint) -> Line:
        if endpoint.kind is RowKind.EVENT:
            return read_event(row, endpoint, self.spec)
        return read_item(row, self.spec) if endpoint.kind is RowKind.ITEM else read_user(row, self.spec)


def _one_per_item(lines: list[Line]) -> list[Line]:
    """Return one line per item id: the last of them that has a title."""
    chosen: dict[str, Line] = {}
    for line in lines:
        if line[1] or line[0] not in chosen:
            chosen[line[0]] = line
    return list(chosen.values())


def _write(path: Path, header: tuple[str, ...], lines: list[Line]) -> None:
    with replace_atomically(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(lines)
