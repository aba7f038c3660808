"""``serve``: the container contract of model hosting: ``GET /ping``, ``POST /invocations``, port 8080."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from app.access import read_api_key
from app.server import make_parser, run, start
from movierec.config import Settings

PORT: Final = 8080
PORT_VARIABLE: Final = "SAGEMAKER_BIND_TO_PORT"
CONTAINER: Final = Path("/opt/ml")
"""The folder that hosting platforms mount into a model container; nothing else has it."""

EVERYWHERE: Final = "0.0.0.0"  # noqa: S104 # nosec B104 - asked for by the contract, and used inside its container only


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve the hosting contract until told to stop, and return the exit code.

    Inside a model container it binds every address without a key, since the platform decides who may call
    and cannot send one; anywhere else the rule of the API holds. Nothing but the two routes is answered.
    """
    parser = make_parser("serve", "Answer GET /ping and POST /invocations, as a model container does.")
    return start(parser, arguments, _serve, choose_defaults(CONTAINER))


def choose_defaults(container: Path) -> dict[str, object]:
    """Return what is used where neither the command line nor the environment says otherwise."""
    defaults: dict[str, object] = {"api_port": os.environ.get(PORT_VARIABLE, PORT)}
    if container.is_dir():
        defaults["host"] = EVERYWHERE
        defaults["home"] = container / "model"
    return defaults


def _serve(settings: Settings) -> int:
    if not CONTAINER.is_dir():
        read_api_key(settings)
    return run(settings, hosted=True)


if __name__ == "__main__":
    sys.exit(main())
