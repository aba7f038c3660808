"""Feedback on a disk that fails or is full."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from chaos.ledger import Audit, Ledger, audit, start_writer
from chaos.trial import Figure, Ground, Outcome, Trial

PATIENCE: Final = "120"
FAULTS: Final = (
    ("EIO at every 5th sync", "fdatasync,fsync:error=EIO:when=40+5"),
    ("EIO at every 41st write", "pwrite64:error=EIO:when=150+41"),
    ("ENOSPC at every 37th write", "pwrite64:error=ENOSPC:when=150+37"),
    ("EIO at every 29th read, from opening on", "pread64:error=EIO:when=4+29"),
)
"""What strace answers in the kernel's place, and from which call on: opening the store comes first.

Rare enough that a transaction, which takes a dozen writes, gets through at a later try.
"""


def run_faults(ground: Ground) -> Outcome:
    """Let system calls of two writers fail at regular intervals; they tell each event until it is taken."""
    if shutil.which("strace") is None:
        return Outcome(False, {}, ("strace is not installed: apt-get install strace.",))
    count = ground.scale(250, least=60)
    figures: dict[str, Figure] = {}
    kept = True
    for number, (name, fault) in enumerate(FAULTS):
        target = str(ground.folder / f"fault-{number}.sqlite3")
        calls = fault.split(":", 1)[0]
        prefix = ["strace", "-f", "-qq", "-o", os.devnull, "-e", f"trace={calls}", "-e", f"inject={fault}"]
        options = ["--count", str(count), "--patience", PATIENCE]
        writers = [start_writer(target, *options, prefix=prefix) for _ in range(2)]
        ledger = Ledger()
        for writer in writers:
            ledger.read(writer.communicate(timeout=600)[0])
        code = max(abs(writer.returncode) for writer in writers)
        found = audit(target, ledger)
        kept &= _is_exact(found, ledger) and code == 0 and ledger.refused > 0
        figures[name] = _describe(found, ledger)
    return Outcome(kept, figures)


def run_full(ground: Ground) -> Outcome:
    """Fill a small file system and a file size limit; make room again while the writer goes on trying."""
    figures: dict[str, Figure] = {}
    count = str(ground.scale(400, least=60))
    target = str(ground.folder / "limited.sqlite3")
    options = ["--count", count, "--patience", PATIENCE, "--pad", "900"]
    writer = start_writer(target, *options, "--fsize", "150000")
    ledger = Ledger()
    ledger.read(writer.communicate(timeout=600)[0])
    found = audit(target, ledger)
    kept = _is_exact(found, ledger) and writer.returncode == 0 and ledger.refused > 0
    figures["file size limit of 150 kB"] = _describe(found, ledger)
    remarks: tuple[str, ...] = ()
    with _mount_small(ground.folder / "small") as small:
        if small is None:
            remarks = ("No small file system could be mounted here (it takes root): that part was left out.",)
        else:
            ballast = small / "ballast"
            ballast.write_bytes(b"\0" * 12_000_000)
            target = str(small / "feedback.sqlite3")
            writer = start_writer(target, *options)
            ledger, first = Ledger(), bytearray()
            assert writer.stdout is not None  # noqa: S101 - narrows the type only
            while b"\n- " not in first and (line := writer.stdout.read(4096)):
                first += line
            time.sleep(0.5)  # some more refusals
            ballast.unlink()
            rest, _ = writer.communicate(timeout=300)
            ledger.read(bytes(first) + rest)
            found = audit(target, ledger)
            kept &= _is_exact(found, ledger) and writer.returncode == 0 and ledger.refused > 0
            figures["disk of 12 MB, full, then with room"] = _describe(found, ledger)
    return Outcome(kept, figures, remarks)


def _is_exact(found: Audit, ledger: Ledger) -> bool:
    return found.exact and found.extra == 0 and found.stored == ledger.acknowledged


def _describe(found: Audit, ledger: Ledger) -> str:
    return (
        f"{ledger.acknowledged:,} acknowledged, {found.stored:,} stored, {ledger.refused:,} refused and told "
        f"again, {found.twice} twice, {found.lost} lost"
    )


@contextlib.contextmanager
def _mount_small(folder: Path) -> Iterator[Path | None]:
    """Give a file system of 12 MB, or None where this account may not mount one."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=12m", "movierec-chaos", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


FAULTS_TRIAL: Final = Trial(
    "feedback-faults",
    "Under injected read, write and sync errors, what is stored is exactly what was acknowledged, and "
    "writing goes on after each.",
    run_faults,
)
FULL_TRIAL: Final = Trial(
    "feedback-full-disk",
    "On a full disk feedback is refused, not lost or torn, and writing resumes when there is room again.",
    run_full,
)
