"""What has been pulled so far, on disk: a file per page, and the status others may read."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from movierec.artifacts.files import replace_atomically
from movierec.errors import DataError

if TYPE_CHECKING:
    from movierec.data.harvest.pages import Row

STATUS_FILE: Final = "pull.json"
PAGES_DIR: Final = "pages"
State = Literal["running", "complete", "interrupted", "failed"]


class EndpointStatus(BaseModel):
    """How far one endpoint is; ``rows`` counts repeated ones, too."""

    model_config = ConfigDict(frozen=True)

    pages: int = 0
    rows: int = 0
    complete: bool = False


class PullStatus(BaseModel):
    """How far a pull is. A ``running`` one whose ``updated`` is old has died and can be run again."""

    model_config = ConfigDict(frozen=True)

    url: str
    state: State
    started: datetime
    updated: datetime
    endpoints: dict[str, EndpointStatus]
    interactions: int = 0
    items: int = 0
    users: int = 0
    error: str | None = None


class Archive:
    """The pages in a folder; a page is there whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def count(self, endpoint: str) -> int:
        """Return how many pages of an endpoint are there without a gap."""
        number = 0
        while self._path(endpoint, number + 1).exists():
            number += 1
        return number

    def read(self, endpoint: str, number: int) -> list[Row]:
        """Return the rows of a stored page; raises ``DataError`` where the file is damaged."""
        path = self._path(endpoint, number)
        try:
            rows: list[Row] = json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise DataError(f"cannot read {path}; delete it and the later pages, then run again") from error
        return rows

    def store(self, endpoint: str, number: int, rows: list[Row]) -> None:
        """Write a page."""
        path = self._path(endpoint, number)
        path.parent.mkdir(parents=True, exist_ok=True)
        with replace_atomically(path) as temporary:
            temporary.write_text(json.dumps(rows, ensure_ascii=False, sort_keys=True), "utf-8")

    def drop(self, endpoint: str, last: int) -> None:
        """Forget the pages after ``last``."""
        for number in range(self.count(endpoint), last, -1):
            self._path(endpoint, number).unlink()

    def clear(self) -> None:
        """Forget all pages."""
        shutil.rmtree(self.folder / PAGES_DIR, ignore_errors=True)

    def tell(self, status: PullStatus) -> None:
        """Write the status."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with replace_atomically(self.folder / STATUS_FILE) as temporary:
            temporary.write_text(status.model_dump_json(indent=1) + "\n", "utf-8")

    def _path(self, endpoint: str, number: int) -> Path:
        return self.folder / PAGES_DIR / endpoint / f"{number:06d}.json"


def read_status(folder: Path) -> PullStatus | None:
    """Return the status of a pull into ``folder``; None where there is none or it cannot be read."""
    try:
        return PullStatus.model_validate_json((folder / STATUS_FILE).read_bytes())
    except (OSError, ValidationError):
        return None


def find_pulls(parent: Path) -> dict[str, PullStatus]:
    """Return the status of every pull into a folder of ``parent``, by its name."""
    if not parent.is_dir():
        return {}
    found = {path.name: read_status(path) for path in sorted(parent.iterdir()) if path.is_dir()}
    return {name: status for name, status in found.items() if status is not None}


def read_clock() -> datetime:
    """Return the moment, in whole seconds of UTC."""
    return datetime.now(UTC).replace(microsecond=0)
