"""Start the Streamlit app on ``MOVIEREC_UI_PORT`` (default 8501), bound to this computer."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Final

from streamlit.web import cli

ROOT: Final = Path(__file__).resolve().parent.parent
WARM: Final = ("numpy", "pandas", "pyarrow", "ui.api_client")
"""Imported before the server answers, so that not the first visitor waits for it."""


def main() -> None:
    """Run Streamlit in the project folder, where its settings are, until it ends."""
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    for name in WARM:
        importlib.import_module(name)
    port = os.environ.get("MOVIEREC_UI_PORT", "8501")
    cli.main(["run", "ui/server.py", "--server.port", port, *sys.argv[1:]], prog_name="streamlit")


if __name__ == "__main__":
    main()
