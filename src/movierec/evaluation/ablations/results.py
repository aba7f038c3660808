"""What a run of ablations found, as values and in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from movierec.evaluation.ablations.study import CEILING, METRICS, SEEDS, Family, Outcome
from movierec.evaluation.intervals import Difference, Interval, compare_paired, estimate_means
from movierec.evaluation.results import Receipt, Result
from movierec.evaluation.tables import format_interval, format_p_value, tabulate
from movierec.schema import IntArray

_METRIC_LABELS: Final = {"ndcg": "NDCG", "recall": "Recall"}
QUESTION: Final = "What is each part worth? One is changed at a time; the rest stays as it is."


class Ablation(Result):
    """One variant; ``differences`` are to the full model on the same users, empty for itself."""

    family: Family
    name: str
    train_rows: int
    metrics: dict[str, Interval]
    differences: dict[str, Difference]


class SplitAblations(Result):
    """All variants on one split; ``users`` were asked about, out of ``scored_users`` who could be."""

    protocol: str
    users: int
    scored_users: int
    train_queries: int
    ablations: tuple[Ablation, ...]

    @property
    def full(self) -> Ablation:
        """Return the full model."""
        return self.ablations[0]

    def of(self, family: Family) -> tuple[Ablation, ...]:
        """Return the variants of a family, in the order they were run."""
        return tuple(entry for entry in self.ablations if entry.family is family)

    def seed_spread(self, metric: str) -> float:
        """Return half the range of the single seeds: smaller differences may be luck of the draw."""
        single = [entry for entry in self.of(Family.SEEDS) if entry.name.startswith("seed ")]
        means = [entry.metrics[metric].mean for entry in (self.full, *single)]
        return (max(means) - min(means)) / 2


class AblationReport(Result):
    """Ablations of one data set; ``trees`` is the budget of each ranker, ``skipped`` what was left out."""

    receipt: Receipt
    trees: int
    skipped: tuple[str, ...]
    splits: tuple[SplitAblations, ...]


def compare_outcomes(outcomes: Iterable[Outcome], users: IntArray, seed: int) -> tuple[Ablation, ...]:
    """Return every outcome with intervals and its paired difference to the first, the full model."""
    found = tuple(outcomes)
    full = found[0].per_user
    entries: list[Ablation] = []
    for outcome in found:
        names = (*METRICS, CEILING)
        means = [estimate_means(outcome.per_user[name][:, None], users, seed)[0] for name in names]
        differences = (
            {}
            if outcome is found[0]
            else {name: compare_paired(outcome.per_user[name], full[name], users, seed) for name in METRICS}
        )
        entries.append(
            Ablation(
                family=outcome.family,
                name=outcome.name,
                train_rows=outcome.train_rows,
                metrics=dict(zip(names, means, strict=True)),
                differences=differences,
            )
        )
    return tuple(entries)


_INTRODUCTIONS: Final = {
    Family.SOURCE: "Gone are its score and rank, the views computed from it (for ALS the factor matches), "
    "its part of the merge score, and the candidates nobody else proposed.",
    Family.FEATURES: "The columns are constant in training and in the question.",
    Family.RANKER: "LambdaMART has the same trees and rows. The plain average scales both to one spread.",
    Family.TRAINING: "A viewer's newest points of time are kept first. *Leaky recall* answers the training "
    "queries with recall that has seen their labels; the test stays honest.",
    Family.WEIGHTS: "The same rows under other weights.",
    Family.SEEDS: "The full model is one seed; the others show how much is luck.",
    Family.CANDIDATES: "Not refitted. The ceiling is the recall of all candidates together.",
}


def compose_ablations(report: AblationReport, picture: str | None = None) -> str:
    """Return the report in Markdown; ``picture`` is the file name of its chart."""
    receipt = report.receipt
    parts = [f"# {receipt.dataset}, ablations", QUESTION]
    if receipt.simulated:
        parts.append("**The audience of this data set is simulated.** It says nothing about people.")
    parts.append(
        f"Every ranker here is a small one ({report.trees} trees and one seed for each goal, fewer training "
        "queries), so levels are below those of the protocols' reports; what counts are the differences, "
        "user by user. Brackets are 95 % bootstrap intervals. With this many comparisons, some "
        "p-values near 0.05 are luck."
    )
    parts += [f"Left out: {reason}." for reason in report.skipped]
    if picture:
        parts.append(f"![Change of {METRICS[0].upper()} by every variant, with intervals]({picture})")
    for split in report.splits:
        parts += _describe_split(split)
    parts += ["## Receipt", _table_receipt(report)]
    return "\n\n".join(parts) + "\n"


def _describe_split(split: SplitAblations) -> list[str]:
    full = split.full
    of = f" of {split.scored_users:,}" if split.users < split.scored_users else ""
    parts = [
        f"## {split.protocol}",
        f"{split.users:,}{of} users; {split.train_queries:,} training queries, {full.train_rows:,} rows. "
        f"Full model: {_label(METRICS[0])} {format_interval(full.metrics[METRICS[0]])}, {_label(METRICS[1])} "
        f"{format_interval(full.metrics[METRICS[1]])}. Single seeds lie within ±"
        f"{split.seed_spread(METRICS[0]):.4f} of each other's middle in {_label(METRICS[0])} "
        f"({len(SEEDS)} seeds).",
    ]
    for family, introduction in _INTRODUCTIONS.items():
        entries = split.of(family)
        if entries:
            parts += [f"### {family.value.capitalize()}", introduction, _table(entries, family)]
    return parts


def _table(entries: Sequence[Ablation], family: Family) -> str:
    ceiling = family in (Family.CANDIDATES, Family.SOURCE)
    header = ["Variant"]
    for metric in METRICS:
        header += [_label(metric), "Difference", "p"]
    rows = []
    for entry in entries:
        cells = [entry.name]
        for metric in METRICS:
            gain = entry.differences[metric]
            cells += [
                f"{entry.metrics[metric].mean:.4f}",
                f"{gain.mean:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}]",
                format_p_value(gain.p_value).removeprefix("= "),
            ]
        rows.append([*cells, *([f"{entry.metrics[CEILING].mean:.3f}"] if ceiling else [])])
    return tabulate([*header, *(["Ceiling"] if ceiling else [])], rows)


def _table_receipt(report: AblationReport) -> str:
    receipt = report.receipt
    changed = ", ".join(f"{name} {value}" for name, value in receipt.configured.items())
    rows = [
        ["Data set", f"{receipt.dataset}, SHA-256 `{receipt.content_hash}`"],
        ["Unlike a build", changed],
        ["Seed, bootstrap draws", f"{receipt.seed}, {receipt.n_resamples:,}"],
        ["Code, settings", f"`{receipt.code}`, `{receipt.config}` (digests)"],
        ["Versions", ", ".join(f"{name} {value}" for name, value in receipt.versions.items())],
        ["Wall time", f"{receipt.wall_seconds:.0f} s"],
        ["Command", f"`{receipt.command}`"],
    ]
    return tabulate(["", ""], [row for row in rows if row[1]], n_text=2)


def _label(metric: str) -> str:
    name, _, k = metric.partition("@")
    return f"{_METRIC_LABELS[name]}@{k}"
