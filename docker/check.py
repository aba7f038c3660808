#!/usr/bin/env python
"""Health check of a container: ``check.py [PORT PATH]``; without them, those of the role start.sh noted."""

from __future__ import annotations

import sys
import urllib.request
from pathlib import Path

ROLE = Path("/tmp/movierec-role")  # noqa: S108 - written by start.sh in the same container
CHECKS = {"api": ("8000", "/ping"), "ui": ("8501", "/_stcore/health")}


def main() -> int:
    """Return 0 where the program answers 200."""
    given = sys.argv[1:]
    port, path = given if len(given) == 2 else CHECKS[ROLE.read_text().strip() if ROLE.exists() else "api"]
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=4) as answer:
            return 0 if answer.status == 200 else 1
    except OSError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
