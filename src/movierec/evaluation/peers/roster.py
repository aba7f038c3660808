"""Who takes part: every recall source alone, and the known models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar, Final, Self

from movierec.errors import ConfigError
from movierec.evaluation.peers.base import Kind, Peer
from movierec.evaluation.peers.covisitation import OrderedCoVisitation
from movierec.evaluation.peers.ease import Ease, RecencyEase, TrendingEase
from movierec.evaluation.peers.factors import Bpr, ImplicitAls
from movierec.evaluation.peers.neighbours import Bm25Knn, CosineKnn
from movierec.evaluation.peers.popularity import AllTimePopularity, RecentPopularity
from movierec.evaluation.peers.sasrec import SasRec, import_torch
from movierec.recall.base import RecallSource
from movierec.recall.sources import make_sources
from movierec.schema import Catalog, FloatArray, History, Interactions
from movierec.stages import RecallConfig


@dataclass
class SourcePeer(Peer):
    """One recall source alone, without the engine around it."""

    name: str
    source: RecallSource = field(repr=False)
    kind: ClassVar[Kind] = Kind.SOURCE

    def fit(self, train: Interactions, catalog: Catalog) -> Self:
        """Fit the source."""
        self.source.fit(train, catalog)
        return self

    def score(self, history: History) -> FloatArray:
        """Return the source's scores."""
        return self.source.score(history)

    @property
    def params(self) -> Mapping[str, float]:
        """None: a source's settings are the engine's, whose digest the receipt holds."""
        return {}


def list_source_peers(config: RecallConfig | None = None) -> tuple[Peer, ...]:
    """Return every recall source alone, unfitted, named like the generation that serves it."""
    sources = make_sources(config or RecallConfig())
    return tuple(SourcePeer(f"v1-{name}", source) for name, source in sources.items())


def list_peers() -> tuple[Peer, ...]:
    """Return the known models, unfitted, at their default settings."""
    return (
        AllTimePopularity(),
        RecentPopularity(),
        CosineKnn(),
        Bm25Knn(),
        ImplicitAls(),
        Bpr(),
        Ease(),
        RecencyEase(),
        TrendingEase(),
        OrderedCoVisitation(),
    )


OPTIONAL_PEERS: Final = MappingProxyType({"sasrec": "torch"})
"""The peers that take part on demand only, being slow, and the package each of them needs."""


def list_optional_peers(names: Iterable[str]) -> tuple[Peer, ...]:
    """Return the optional peers of these names, unfitted.

    Raises
    ------
    ConfigError
        If a name is not known or what the peer needs is not installed.
    """
    wanted = tuple(dict.fromkeys(names))
    for name in wanted:
        if name not in OPTIONAL_PEERS:
            raise ConfigError(f"peer must be one of {', '.join(OPTIONAL_PEERS)}; got {name!r}")
    if wanted:
        import_torch()
    return tuple(SasRec() for _ in wanted)
