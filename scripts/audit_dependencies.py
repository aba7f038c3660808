"""Ask the advisory database about every pinned package: ``make audit``; silence is not taken for safety."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
PINS: Final = (ROOT / "constraints.txt", ROOT / "constraints-semgrep.txt")
CANARY: Final = "jinja2==2.4.1"
"""A release with published advisories: a database that knows of none has not been reached."""

Ask = Callable[[Path], subprocess.CompletedProcess[str]]
"""Runs the auditor on a file of pins and returns what it wrote, JSON on stdout."""


def main(pins: Sequence[Path] = PINS, ask: Ask | None = None) -> int:
    """Audit all pins; 0 where each is known and none is vulnerable, 1 with findings, 2 without an answer."""
    ask = ask or run_pip_audit
    with tempfile.TemporaryDirectory() as folder:
        canary = Path(folder) / "canary.txt"
        canary.write_text(CANARY + "\n", "utf-8")
        known = read_answer(ask(canary))
        if not known or not any(each.get("vulns") for each in known):
            return fail(f"the advisory database was not reached: it says nothing against {CANARY}")
        findings = 0
        for path in pins:
            wanted = {
                canonize(name) for name in re.findall(r"^([A-Za-z0-9._-]+)==", path.read_text("utf-8"), re.M)
            }
            answer = read_answer(ask(path))
            if answer is None:
                return fail(f"the auditor gave no answer about {path.name}")
            audited = {canonize(each["name"]) for each in answer if "skip_reason" not in each}
            if missing := sorted(wanted - audited):
                return fail(
                    f"nothing is known of {len(missing)} packages of {path.name}: {', '.join(missing[:5])} …"
                )
            for each in answer:
                for advisory in each["vulns"]:
                    findings += 1
                    fixed = ", ".join(advisory.get("fix_versions", [])) or "no release yet"
                    print(f"{each['name']} {each['version']}: {advisory['id']}, fixed in {fixed}")
            print(f"{path.name}: {len(audited)} packages audited")
    return 1 if findings else 0


def run_pip_audit(path: Path) -> subprocess.CompletedProcess[str]:
    """Run pip-audit on a file of pins without installing or resolving anything."""
    command = [
        sys.executable,
        "-m",
        "pip_audit",
        "--strict",
        "--disable-pip",
        "--no-deps",
        "--format",
        "json",
    ]
    command += ["--progress-spinner", "off", "-r", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)


def read_answer(ended: subprocess.CompletedProcess[str]) -> list[dict[str, Any]] | None:
    """Return the packages of an answer, or None where there is none to be read; what went wrong is shown."""
    try:
        packages: list[dict[str, Any]] = json.loads(ended.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        print(ended.stderr.strip()[-600:], file=sys.stderr)
        return None
    return packages


def canonize(name: str) -> str:
    """Return a package's name as PEP 503 spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def fail(reason: str) -> int:
    """Say why nothing can be said about the dependencies, and return the exit code."""
    print(f"make audit: {reason}. The dependencies were NOT audited.", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
