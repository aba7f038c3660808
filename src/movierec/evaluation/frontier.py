"""What variety costs: V2 at every diversity setting, and how popular the titles of its lists are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from movierec.evaluation import metrics, study_charts
from movierec.evaluation.held_out import HeldOut, Progress
from movierec.evaluation.intervals import Difference, Interval, compare_paired, estimate_means
from movierec.evaluation.metrics import NO_ITEM, DoubleArray, find_hits
from movierec.evaluation.peers import Peer, list_peers
from movierec.evaluation.publication import publish
from movierec.evaluation.results import SUBJECT, Receipt, Result
from movierec.evaluation.tables import format_difference, format_interval, tabulate
from movierec.ranking.diversity import POOL, diversify
from movierec.recall.base import Candidates
from movierec.schema import IntArray, LongArray

K: Final = 10
SETTINGS: Final = tuple(round(0.1 * step, 1) for step in range(10))
N_DECILES: Final = 10
LIKED_LATER: Final = "liked later"
QUESTION: Final = (
    "What does variety within a list cost in accuracy, and are the lists more than popular titles?"
)


class Point(Result):
    """Lists of one system at one diversity setting; ``loss`` is against the same system at 0."""

    name: str
    setting: float | None
    ndcg: Interval
    diversity: Interval
    coverage: float
    novelty: float
    arp: float
    miscalibration: float
    loss: Difference | None = None
    deciles: tuple[float, ...]


class FrontierReport(Result):
    """``points`` are V2 from no diversity to the most, ``others`` known models for context.

    ``liked_later`` is the share of what the users went on to like in each popularity decile of the
    catalogue, the most popular tenth of the items first; ``deciles`` of a point are the same for lists.
    """

    receipt: Receipt
    n_users: int
    points: tuple[Point, ...]
    others: tuple[Point, ...]
    liked_later: tuple[float, ...]

    def best_other(self) -> Point:
        """Return the known model with the highest NDCG."""
        return max(self.others, key=lambda point: point.ndcg.mean)

    def free_setting(self) -> Point:
        """Return the most diverse V2 list whose accuracy is not significantly below that of the plain one."""
        free = [point for point in self.points if point.loss is None or point.loss.high >= 0]
        return max(free, key=lambda point: point.setting or 0.0)


def write_frontier(held_out: HeldOut, out_dir: Path, progress: Progress | None = None) -> tuple[Path, ...]:
    """Trace the frontier and write ``<dataset>/frontier.{json,md,png}``; return the files."""
    report = trace_frontier(held_out, list_peers(), progress)
    return publish(report, "frontier", out_dir, study_charts.draw_frontier, compose_frontier)


def trace_frontier(
    held_out: HeldOut, peers: Sequence[Peer], progress: Progress | None = None
) -> FrontierReport:
    """Ask V2 once, reorder its lists at every setting as the service does, ask the peers, measure."""
    tell = progress or (lambda _: None)
    meter = _Meter(held_out)
    tell(f"frontier: asking v2 for {len(held_out.split.truth):,} lists")
    ranked = held_out.engine.recommend_batch(held_out.histories(), K, depth=POOL)
    points: list[Point] = []
    plain: DoubleArray | None = None
    for setting in SETTINGS:
        lists = _pack([_diversify(held_out, found, setting) for found in ranked])
        point, values = meter.measure(SUBJECT, setting, lists, plain)
        plain = values if plain is None else plain
        points.append(point)
    others: list[Point] = []
    for peer in peers:
        tell(f"frontier: asking {peer.name}")
        peer.fit(held_out.split.train, held_out.dataset.catalog)
        users = held_out.split.truth.user_idx
        found = peer.recommend_batch(held_out.histories(), users.tolist(), K)
        others.append(meter.measure(peer.name, None, _pack([each.item_idx for each in found]), None)[0])
    later = tuple(meter.share_deciles(held_out.split.truth.item_idx))
    return FrontierReport(
        receipt=held_out.sign(QUESTION),
        n_users=len(held_out.split.truth),
        points=tuple(points),
        others=tuple(others),
        liked_later=later,
    )


def _diversify(held_out: HeldOut, found: Candidates, setting: float) -> IntArray:
    vectors = held_out.engine.builder.genre_unit[found.item_idx]
    return found.item_idx[diversify(found.score, vectors, K, setting)]


def _pack(found: Sequence[IntArray]) -> IntArray:
    lists = np.full((len(found), K), NO_ITEM, np.int32)
    for row, items in enumerate(found):
        lists[row, : len(items)] = items[:K]
    return lists


class _Meter:
    """Measures lists of the same users; popularity is that of the train rows."""

    def __init__(self, held_out: HeldOut) -> None:
        self.held_out = held_out
        self.events, self.n_users = held_out.count_events()
        self.genres = held_out.dataset.catalog.genre_matrix
        known = [history.item_idx for history in held_out.histories()]
        bounds = np.cumsum([0, *map(len, known)])
        self.wanted = metrics.share_genres(bounds, np.concatenate(known), self.genres)
        self.decile = rank_deciles(self.events)

    def measure(
        self, name: str, setting: float | None, lists: IntArray, plain: DoubleArray | None
    ) -> tuple[Point, DoubleArray]:
        truth, seed = self.held_out.split.truth, self.held_out.seed
        ndcg = metrics.ndcg(find_hits(lists, truth.offsets, truth.item_idx), K)
        variety = metrics.diversity(lists, K, self.genres)
        sure = estimate_means(np.column_stack((ndcg, variety)), truth.user_idx, seed)
        point = Point(
            name=name,
            setting=setting,
            ndcg=sure[0],
            diversity=sure[1],
            coverage=metrics.coverage(lists, K, len(self.events)),
            novelty=float(metrics.novelty(lists, K, self.events, self.n_users).mean()),
            arp=float(metrics.average_popularity(lists, K, self.events).mean()),
            miscalibration=float(metrics.miscalibration(lists, K, self.wanted, self.genres).mean()),
            loss=None if plain is None else compare_paired(ndcg, plain, truth.user_idx, seed),
            deciles=tuple(self.share_deciles(lists[lists != NO_ITEM])),
        )
        return point, ndcg

    def share_deciles(self, items: IntArray) -> list[float]:
        count = np.bincount(self.decile[items], minlength=N_DECILES)
        return [round(float(share), 6) for share in count / max(count.sum(), 1)]


def rank_deciles(events: LongArray) -> LongArray:
    """Return int64[n_items]: 0 for the most popular tenth of the catalogue to 9; ties by index."""
    decile = np.empty(len(events), np.int64)
    decile[np.argsort(-events, kind="stable")] = np.arange(len(events)) * N_DECILES // max(len(events), 1)
    return decile


def compose_frontier(report: FrontierReport, picture: str | None = None) -> str:
    """Return the report in Markdown."""
    receipt, plain, free, best = report.receipt, report.points[0], report.free_setting(), report.best_other()
    simulated = ["**The audience of this data set is simulated.**"] if receipt.simulated else []
    rows = [
        [
            point.name if point.setting is None else f"{point.name}, {point.setting:.1f}",
            format_interval(point.ndcg),
            format_difference(point.loss) if point.loss and point.setting else "",
            f"{point.diversity.mean:.3f}",
            f"{point.coverage:.3f}",
            f"{point.novelty:.2f}",
            f"{point.arp:.0f}",
            f"{point.miscalibration:.3f}",
        ]
        for point in (*report.points, *report.others)
    ]
    header = ["System, diversity", "NDCG@10", "against setting 0", "Genre diversity", "Coverage", "Novelty"]
    shares = [(LIKED_LATER, report.liked_later)]
    shares += [(f"v2, {point.setting:.1f}", point.deciles) for point in dict.fromkeys((plain, free))]
    shares += [(point.name, point.deciles) for point in report.others]
    parts = [
        f"# {receipt.dataset}: accuracy and variety",
        receipt.question,
        f"{report.n_users:,} users of the user-timeline split, lists of ten, brackets are 95 % bootstrap "
        "intervals. The setting is the weight of unlikeness in maximal marginal relevance, as in the "
        "service. The known models run at their default settings.",
        *simulated,
        f"**The most diverse setting without a significant loss of NDCG@10 is {free.setting:.1f}: genre "
        f"diversity {plain.diversity.mean:.3f} → {free.diversity.mean:.3f}, NDCG@10 {plain.ndcg.mean:.3f} → "
        f"{free.ndcg.mean:.3f}. V2 covers {plain.coverage:.1%} of the catalogue, {best.name} "
        f"{best.coverage:.1%}.**",
        *([f"![NDCG@10 over genre diversity; share of places by popularity]({picture})"] if picture else []),
        tabulate([*header, "Mean popularity", "Genre miscalibration"], rows),
        "## How popular the listed titles are",
        "Share of the places that go to each tenth of the catalogue, the most popular tenth first. "
        f"*{LIKED_LATER}* is what these users went on to like: a list of the same mixture would match "
        "demand, more in the first tenth is popularity bias.",
        tabulate(
            ["", *(f"tenth {number}" for number in range(1, N_DECILES + 1))],
            [[name, *(f"{share:.1%}" for share in found)] for name, found in shares],
        ),
        "## Receipt",
        f"Data SHA-256 `{receipt.content_hash}`, seed {receipt.seed}, code `{receipt.code}`, settings "
        f"`{receipt.config}`, {receipt.n_resamples:,} bootstrap draws, {receipt.wall_seconds:.0f} s. "
        f"`{receipt.command}`",
    ]
    return "\n\n".join(parts) + "\n"
