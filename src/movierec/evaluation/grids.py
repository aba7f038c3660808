"""What a search for settings tried and found, as a value that fits into a report, and as a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer

from movierec.evaluation.tables import tabulate


class GridPoint(BaseModel):
    """One combination of settings and its NDCG@10 on the inner split."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    params: dict[str, float]
    ndcg: float


def _read_columns(value: object) -> object:
    if not isinstance(value, dict):
        return value
    columns = {name: [float(number) for number in str(numbers).split()] for name, numbers in value.items()}
    names = [name for name in columns if name != "ndcg"]
    rows = zip(*columns.values(), strict=True)
    points = (dict(zip(columns, row, strict=True)) for row in rows)
    return tuple({"params": {name: point[name] for name in names}, "ndcg": point["ndcg"]} for point in points)


def _write_columns(points: Sequence[GridPoint]) -> dict[str, str]:
    names = list(points[0].params) if points else []
    columns: dict[str, Iterable[float]] = {name: [point.params[name] for point in points] for name in names}
    columns["ndcg"] = [point.ndcg for point in points]
    return {name: " ".join(f"{value:.10g}" for value in values) for name, values in columns.items()}


Points = Annotated[tuple[GridPoint, ...], BeforeValidator(_read_columns), PlainSerializer(_write_columns)]
"""Grid points with the same settings; in JSON a line of numbers for each setting, one for NDCG@10."""


class PeerTuning(BaseModel):
    """The search for a peer's settings.

    ``points`` are all combinations tried, ``winner`` the settings with the highest NDCG@10 (the first of
    equals), ``rows`` the users it was measured on (once per inner split), ``seconds`` what the search took.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    points: Points
    winner: dict[str, float]
    rows: int
    seconds: float

    def list_choices(self) -> dict[str, tuple[float, ...]]:
        """Return the values tried of every setting of which there was more than one, ascending."""
        tried: dict[str, Any] = {name: {point.params[name] for point in self.points} for name in self.winner}
        return {name: tuple(sorted(values)) for name, values in tried.items() if len(values) > 1}


TUNING_NOTE = (
    "Chosen by NDCG@10 on inner splits of train, made by the rules of this protocol; test was not looked at. "
    "The values tried, the chosen one in bold; every combination and its NDCG@10 are in the JSON file."
)


def tabulate_tuning(tunings: Iterable[PeerTuning]) -> str:
    """Return a Markdown table: a row per peer with the values tried, the winner's in bold."""
    rows = []
    for tuning in tunings:
        found = [point.ndcg for point in tuning.points]
        tried = "; ".join(
            f"{name} " + " ".join(_mark(value, tuning.winner[name]) for value in choices)
            for name, choices in tuning.list_choices().items()
        )
        rows.append(
            [
                tuning.name,
                tried,
                f"{len(found)}",
                f"{max(found):.3f}",
                f"{min(found):.3f}",
                f"{tuning.rows:,}",
            ]
        )
    header = ["Known model", "Settings", "Combinations", "Best inner NDCG@10", "Worst", "Inner lists"]
    return tabulate(header, rows, n_text=2)


def _mark(value: float, winner: float) -> str:
    return f"**{value:g}**" if value == winner else f"{value:g}"
