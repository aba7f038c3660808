"""``python -m chaos``: run the trials and write the report."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from chaos.report import ROOT, Entry, make_entry, read_entries, write_report
from chaos.trial import Ground, Outcome, Trial
from chaos.trials import TRIALS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chosen trials one after another and return 0 where every promise held, 1 where one did not."""
    options = _make_parser().parse_args(arguments)
    if options.list:
        for trial in TRIALS:
            print(f"{trial.name:<20}{trial.promise}")
        return 0
    chosen = [trial for trial in TRIALS if not options.only or trial.name in options.only]
    entries = read_entries(options.out)
    with tempfile.TemporaryDirectory(prefix="movierec-chaos-", ignore_cleanup_errors=True) as place:
        home = options.home or _build_sample(Path(place) / "home")
        for trial in chosen:
            folder = Path(place) / trial.name
            folder.mkdir()
            entries[trial.name] = entry = _run(trial, Ground(home, folder, options.effort, _tell))
            _tell(f"{trial.name}: {'kept' if entry.kept else 'BROKEN'} {dict(entry.figures)}")
            # After each, so that Ctrl-C loses one trial at most.
            path = write_report(options.out, TRIALS, entries)
    print(path)
    return 0 if all(entries[trial.name].kept for trial in chosen) else 1


def _run(trial: Trial, ground: Ground) -> Entry:
    _tell(f"{trial.name}: {trial.promise}")
    began = time.monotonic()
    try:
        outcome = trial.run(ground)
    except Exception as error:  # one trial that cannot run must not hide the others
        outcome = Outcome(False, {}, (f"The trial itself failed: {type(error).__name__}: {error}",))
    return make_entry(outcome, time.monotonic() - began, ground.effort)


def _build_sample(home: Path) -> Path:
    _tell("building the sample; --home takes a home that is built already")
    command = [sys.executable, "-m", "movierec.cli", "build", "--home", str(home)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return home


def _make_parser() -> argparse.ArgumentParser:
    names = [trial.name for trial in TRIALS]
    parser = argparse.ArgumentParser(
        prog="python -m chaos", description="Break MovieRec on purpose and write reports/reliability.md."
    )
    parser.add_argument("--home", type=Path, help="home with a built bundle, not changed; default: build one")
    parser.add_argument(
        "--only", action="append", choices=names, metavar="NAME", help="run this trial; repeatable"
    )
    parser.add_argument("--effort", type=float, default=1.0, help="share of the full length (default 1)")
    parser.add_argument("--out", type=Path, default=ROOT / "reports", help="folder of the report")
    parser.add_argument("--list", action="store_true", help="say what there is, run nothing")
    return parser


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
