"""Break MovieRec on purpose and write reports/reliability.md: ``python scripts/run_chaos.py --list``."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    # The trials are no part of what is installed.
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    runpy.run_module("chaos", run_name="__main__")
