"""The outcomes of trials as ``reliability.json``, kept from run to run, and ``reliability.md`` made of it."""

from __future__ import annotations

import json
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from chaos.trial import Figure, Outcome, Trial

ROOT: Final = Path(__file__).resolve().parent.parent
JSON_NAME: Final = "reliability.json"
MARKDOWN_NAME: Final = "reliability.md"

_HEAD: Final = """# Reliability: faults injected, promises kept

Written by `make chaos`, which breaks MovieRec on purpose, on loopback only. What is promised, and what is
not, is in [docs/operations.md](../docs/operations.md); `make test` holds fast versions of the same trials.

"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One trial as it was last run; ``code`` is the commit, with a plus sign where files differed from it."""

    kept: bool
    figures: Mapping[str, Figure]
    remarks: Sequence[str]
    when: str
    seconds: float
    effort: float
    code: str
    machine: str


def make_entry(outcome: Outcome, seconds: float, effort: float) -> Entry:
    """Return an outcome with its receipt."""
    return Entry(
        outcome.kept,
        dict(outcome.figures),
        list(outcome.remarks),
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        round(seconds, 1),
        effort,
        describe_code(),
        f"Python {platform.python_version()}, {platform.system()}",
    )


def describe_code() -> str:
    """Return the commit of the working copy, ``+`` behind it where something was changed."""
    command = ["git", "describe", "--always", "--dirty=+", "--abbrev=8"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"


def read_entries(folder: Path) -> dict[str, Entry]:
    """Return what earlier runs left in a folder; nothing where there was none."""
    path = folder / JSON_NAME
    if not path.exists():
        return {}
    return {name: Entry(**fields) for name, fields in json.loads(path.read_text("utf-8")).items()}


def write_report(folder: Path, trials: Sequence[Trial], entries: Mapping[str, Entry]) -> Path:
    """Write both files, trials in the order of the list, and return the path of the readable one."""
    known = {trial.name: entries[trial.name] for trial in trials if trial.name in entries}
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({name: asdict(entry) for name, entry in known.items()}, indent=1)
    (folder / JSON_NAME).write_text(text + "\n", encoding="utf-8")
    target = folder / MARKDOWN_NAME
    target.write_text(_render(trials, known), encoding="utf-8")
    return target


def _render(trials: Sequence[Trial], entries: Mapping[str, Entry]) -> str:
    kept = sum(entry.kept for entry in entries.values())
    parts = [_HEAD, f"**{kept} of {len(entries)} promises kept.**\n"]
    for trial in trials:
        entry = entries.get(trial.name)
        if entry is None:
            continue
        effort = "" if entry.effort == 1 else f", effort {entry.effort:g}"
        parts.append(f"\n## {trial.name}: {'kept' if entry.kept else '**broken**'}\n\n{trial.promise}\n\n")
        parts.append("| Figure | |\n|---|---|\n")
        parts += [f"| {name} | {show_figure(value)} |\n" for name, value in entry.figures.items()]
        parts += [f"\n{remark}\n" for remark in entry.remarks]
        parts.append(f"\n{entry.when}, {entry.seconds:g} s{effort}, code {entry.code}, {entry.machine}.\n")
    return "".join(parts)


def show_figure(value: Figure) -> str:
    """Return a figure as people read it: thousands separated, at most three significant decimals."""
    if isinstance(value, bool | str):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"
