"""A report on disk: numbers, words and, where it can be drawn, a chart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from movierec.artifacts.files import replace_atomically
from movierec.evaluation.results import Receipt


class Signed(Protocol):
    """A report with a receipt."""

    @property
    def receipt(self) -> Receipt:
        """What made it."""
        ...

    def model_dump_json(self, *, indent: int) -> str:
        """Return the numbers."""
        ...


R = TypeVar("R", bound=Signed)


def publish(
    report: R,
    name: str,
    out_dir: Path,
    draw: Callable[[R, Path], bool],
    compose: Callable[[R, str | None], str],
) -> tuple[Path, ...]:
    """Write ``<dataset>/<name>`` as .json, .md and, where ``draw`` can, .png; return the files.

    ``compose`` gets the name of the chart, None where there is none.
    """
    folder = out_dir / report.receipt.dataset
    folder.mkdir(parents=True, exist_ok=True)
    data, text, picture = (folder / f"{name}.{suffix}" for suffix in ("json", "md", "png"))
    drawn = draw(report, picture)
    if not drawn:
        # A chart of an earlier run would contradict the numbers beside it.
        picture.unlink(missing_ok=True)
    text.write_text(compose(report, picture.name if drawn else None), encoding="utf-8")
    # Last and at once: a run that goes on after an interrupt takes this file for the whole report.
    with replace_atomically(data) as temporary:
        temporary.write_text(report.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return (data, text, picture) if drawn else (data, text)
