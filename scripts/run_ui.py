"""Start the Streamlit app on ``MOVIEREC_UI_PORT`` (default 8501), bound to this computer."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from streamlit.web import cli

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Run Streamlit in the project folder, where its settings are, until it ends."""
    os.chdir(ROOT)
    port = os.environ.get("MOVIEREC_UI_PORT", "8501")
    cli.main(["run", "ui/streamlit_app.py", "--server.port", port, *sys.argv[1:]], prog_name="streamlit")


if __name__ == "__main__":
    main()
