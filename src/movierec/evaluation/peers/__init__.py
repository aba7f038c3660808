"""What we measure ourselves against: known models and every recall source alone, behind one contract.

The models are implemented here or taken from ``implicit``, apart from our own recall sources, so that a
change of ours never moves the mark we compare with.
"""

from movierec.evaluation.peers.base import ANY_RATING, Kind, LinearPeer, Peer
from movierec.evaluation.peers.covisitation import OrderedCoVisitation
from movierec.evaluation.peers.ease import Ease, RecencyEase, TrendingEase
from movierec.evaluation.peers.factors import Bpr, ImplicitAls
from movierec.evaluation.peers.neighbours import Bm25Knn, CosineKnn
from movierec.evaluation.peers.popularity import AllTimePopularity, RecentPopularity
from movierec.evaluation.peers.roster import (
    OPTIONAL_PEERS,
    SourcePeer,
    list_optional_peers,
    list_peers,
    list_source_peers,
)
from movierec.evaluation.peers.sasrec import SasRec

__all__ = [
    "ANY_RATING",
    "OPTIONAL_PEERS",
    "AllTimePopularity",
    "Bm25Knn",
    "Bpr",
    "CosineKnn",
    "Ease",
    "ImplicitAls",
    "Kind",
    "LinearPeer",
    "OrderedCoVisitation",
    "Peer",
    "RecencyEase",
    "RecentPopularity",
    "SasRec",
    "SourcePeer",
    "TrendingEase",
    "list_optional_peers",
    "list_peers",
    "list_source_peers",
]
