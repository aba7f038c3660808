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
    redistributable : whether its licence allows passing copies on
    md5 : checksum of the archive where it never changes; else the publisher's ``.md5`` beside it counts
    """

    name: str
    archive: str
    licence: str
    citation: str
    megabytes: int
    redistributable: bool
    md5: str | None = None


def _movielens(name: str, megabytes: int, *, redistributable: bool, md5: str | None = None) -> KnownDataset:
    licence = _OPEN if redistributable else _CLOSED
    return KnownDataset(name, f"{name}.zip", licence, _CITATION, megabytes, redistributable, md5)


KNOWN_DATASETS: Final = {
    known.name: known
    for known in (
        _movielens("ml-100k", 5, redistributable=False, md5="0e33842e24a9c977be4e0107933c0723"),
        _movielens("ml-1m", 6, redistributable=False, md5="c4d9eecfca2ab87c1945afe126590906"),
        _movielens("ml-10m", 63, redistributable=False, md5="ce571fd55effeba0271552578f2648bd"),
        _movielens("ml-latest-small", 1, redistributable=True),
        _movielens("ml-20m", 190, redistributable=False, md5="cd245b17a1ae2cc31bb14903e1204af3"),
        _movielens("ml-25m", 250, redistributable=False, md5="6b51fb2759a8657d3bfcbfc42b592ada"),
        _movielens("ml-32m", 239, redistributable=True),
        _movielens("ml-latest", 335, redistributable=True),
    )
}
