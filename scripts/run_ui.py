"""Start the Streamlit app on ``MOVIEREC_UI_PORT`` (default 8501), bound to this computer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Run Streamlit in the project folder, where its settings are, until it ends."""
    port = os.environ.get("MOVIEREC_UI_PORT", "8501")
    command = [sys.executable, "-m", "streamlit", "run", "ui/streamlit_app.py", "--server.port", port]
    try:
        return subprocess.run([*command, *sys.argv[1:]], cwd=ROOT, check=False).returncode
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
