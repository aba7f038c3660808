"""The data sets known by name: where they come from and what may be done with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

GROUPLENS: Final = "https://files.grouplens.org/datasets/movielens/"
_CITATION: Final = (
    "F. Maxwell Harper and Joseph A. Konstan. 2015. The MovieLens Datasets: History and Context. "
    "ACM Transactions on Interactive Intelligent Systems 5, 4, Article 19. https://doi.org/10.1145/2827872"
)
_CLOSED: Final = (
    "GroupLens: research use, acknowledge it; no redistribution, no commercial use without permission"
)
_OPEN: Final = (
    "GroupLens: research use, acknowledge it; redistribution under the same conditions, "
    "no commercial use without permission"
)


@dataclass(frozen=True)
class KnownDataset:
    """A data set that can be fetched by name.

    Attributes
    ----------
    archive : file name below the base URL
    megabytes : size of the archive, rounded up
    has_checksum : whether the publisher puts a ``.md5`` beside the archive
    redistributable : whether its licence allows passing copies on
    """

    name: str
    archive: str
    licence: str
    citation: str
    megabytes: int
    has_checksum: bool
    redistributable: bool


def _movielens(name: str, megabytes: int, *, has_checksum: bool, redistributable: bool) -> KnownDataset:
    licence = _OPEN if redistributable else _CLOSED
    return KnownDataset(name, f"{name}.zip", licence, _CITATION, megabytes, has_checksum, redistributable)


KNOWN_DATASETS: Final = {
    known.name: known
    for known in (
        _movielens("ml-100k", 5, has_checksum=True, redistributable=False),
        _movielens("ml-1m", 6, has_checksum=True, redistributable=False),
        _movielens("ml-10m", 63, has_checksum=True, redistributable=False),
        _movielens("ml-latest-small", 1, has_checksum=False, redistributable=True),
        _movielens("ml-20m", 190, has_checksum=True, redistributable=False),
        _movielens("ml-25m", 250, has_checksum=True, redistributable=True),
        _movielens("ml-32m", 239, has_checksum=True, redistributable=True),
        _movielens("ml-latest", 335, has_checksum=False, redistributable=True),
    )
}
