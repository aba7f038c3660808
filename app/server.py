"""Running the API as a process: ``python -m app.server``, or ``movierec serve``."""

from __future__ import annotations

import argparse
import ctypes
import errno
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from app.access import read_api_key
from app.workers import supervise
from movierec.config import Settings
from movierec.errors import ConfigError, MovieRecError

if TYPE_CHECKING:
    from app.renewal import OpenedAhead

UNUSABLE: Final = 2
KEEP_ALIVE_SECONDS: Final = 5
SHUTDOWN_SECONDS: Final = 5
MAX_HEADER_BYTES: Final = 16 * 1024
BACKLOG: Final = 2048
_MOST_HEAPS: Final = -8
"""``M_ARENA_MAX`` of glibc's malloc.h."""
_THREAD_VARIABLES: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, serve until told to stop, and return the exit code.

    0 after a requested stop, 2 where a setting cannot be used (one line on stderr says which).
    """
    parser = make_parser("python -m app.server", "Serve the MovieRec API.")
    return start(parser, arguments, lambda settings: run(settings), {})


def make_parser(program: str, description: str) -> argparse.ArgumentParser:
    """Return the parser of a command that serves; its arguments are named after the settings they choose."""
    parser = argparse.ArgumentParser(prog=program, description=description)
    parser.add_argument("--home", type=Path, help="folder with bundles and feedback (MOVIEREC_HOME)")
    parser.add_argument("--host", help="address to bind (MOVIEREC_HOST)")
    parser.add_argument("--port", type=int, dest="api_port", help="port to bind (MOVIEREC_API_PORT)")
    parser.add_argument("--workers", type=int, help="processes that answer (MOVIEREC_WORKERS)")
    return parser


def start(
    parser: argparse.ArgumentParser,
    arguments: Sequence[str] | None,
    serve: Callable[[Settings], int],
    defaults: Mapping[str, object],
) -> int:
    """Serve with the settings of the command line, else of the environment, else ``defaults``.

    Returns the exit code: 2 where a setting cannot be used, with one line on stderr.
    """
    chosen = {name: value for name, value in vars(parser.parse_args(arguments)).items() if value is not None}
    try:
        given = Settings(**chosen).model_fields_set
        missing = {name: value for name, value in defaults.items() if name not in given}
        return serve(Settings(**{**missing, **chosen}))
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(part) for part in first["loc"])
        print(f"movierec: MOVIEREC_{name.upper()}: {first['msg']}", file=sys.stderr)
    except MovieRecError as error:
        print(f"movierec: {error}", file=sys.stderr)
    return UNUSABLE


def run(settings: Settings, *, hosted: bool = False) -> int:
    """Serve the API until SIGTERM or SIGINT, finishing open requests; return the exit code.

    Raises ``ConfigError`` where the address cannot be bound or would need an API key; ``hosted`` as in
    ``create_app``. What takes long is imported only once the address is ours.
    """
    for variable in _THREAD_VARIABLES:  # before numpy is loaded: one request, one thread
        os.environ.setdefault(variable, "1")
    share_one_heap()
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        read_api_key(settings, hosted=hosted)
        with bind(settings.host, settings.api_port) as listener:
            if settings.workers == 1:
                _check_ahead(settings)
                return _serve(settings, listener, hosted, None, 0)
            # The model server answers before its bundle is open, so nothing is to be waited for.
            ahead = None if hosted else _open_ahead(settings)
            return supervise(settings.workers, partial(_serve, settings, listener, hosted, ahead), UNUSABLE)
    finally:
        signal.signal(signal.SIGTERM, before)


def share_one_heap() -> None:
    """Have all threads take memory from one heap: in one of its own each keeps what a swap left behind.

    Only glibc has more than one; lists are made by one thread at a time, so nobody waits for it.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_MOST_HEAPS, 1)


def _check_ahead(settings: Settings) -> None:
    """Have the bundle checked while the application is loaded, which takes as long."""
    from movierec.artifacts import check_ahead

    check_ahead(settings.bundles_dir)


def _open_ahead(settings: Settings) -> OpenedAhead | None:
    """Load everything once, before there are workers: they share what they do not write to."""
    import uvicorn  # noqa: F401 - for the workers

    from app.logs import configure_logs
    from app.main import create_app  # noqa: F401 - for the workers
    from app.renewal import open_ahead

    configure_logs(settings.log_level)
    return open_ahead(settings)


def _serve(
    settings: Settings, listener: socket.socket, hosted: bool, ahead: OpenedAhead | None, number: int
) -> int:
    """Serve from a socket that other workers may share; the first one tells the address."""
    import uvicorn
    from threadpoolctl import threadpool_limits

    from app.logs import configure_logs
    from app.main import create_app
    from app.protocol import DeadlineProtocol

    configure_logs(settings.log_level)
    config = uvicorn.Config(
        create_app(settings, hosted=hosted, ahead=ahead),
        http=DeadlineProtocol,
        loop="asyncio",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        # Also how many connections are taken at once: of several workers one would take them all.
        backlog=BACKLOG if settings.workers == 1 else 1,
    )

    class AnnouncingServer(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            listener.listen(BACKLOG)
            if number == 0:
                address = f"http://{_show(settings.host)}:{settings.api_port}"
                docs = "" if hosted else f" (docs at {address}/docs)"
                print(f"MovieRec API: {address}{docs}", flush=True)

    # uvicorn repeats the signal once it has shut down in order.
    with threadpool_limits(1), suppress(KeyboardInterrupt):
        AnnouncingServer(config).run(sockets=[listener])
    return 0


def bind(host: str, port: int) -> socket.socket:
    """Return a bound socket; raises ``ConfigError`` naming the setting where the address is not to be had.

    Binding before anything is loaded leaves no moment in which another program could take the port.
    """
    listener = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        if listener is not None:
            listener.close()
        if error.errno == errno.EADDRINUSE:
            raise ConfigError(
                f"port {port} on {host} is in use: stop the other program or set MOVIEREC_API_PORT"
            ) from None
        raise ConfigError(
            f"{host}:{port} cannot be bound ({error.strerror}): set MOVIEREC_HOST or MOVIEREC_API_PORT"
        ) from None
    return listener


def _stop(_signal: int, _frame: object) -> None:
    # While requests are served uvicorn handles the signal; this one is for before and after.
    sys.exit(0)


def _show(host: str) -> str:
    return f"[{host}]" if ":" in host else host


if __name__ == "__main__":
    sys.exit(main())
