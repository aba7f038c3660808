from __future__ import annotations

import ctypes
import platform
import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, threading
from app.server import share_one_heap
{call}
kept, barrier = [], threading.Barrier(6)
def work() -> None:
    pieces = [ctypes.create_string_buffer(5000) for _ in range(50)]
    barrier.wait()
    kept.extend(pieces)
threads = [threading.Thread(target=work) for _ in range(6)]
for thread in threads: thread.start()
for thread in threads: thread.join()
libc = ctypes.CDLL(None)
libc.malloc_info.argtypes = [ctypes.c_int, ctypes.c_void_p]
libc.fdopen.restype = ctypes.c_void_p
stream = libc.fdopen(1, b"w")
libc.malloc_info(0, stream)
libc.fflush(ctypes.c_void_p(stream))
"""


def count_heaps(call: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(call=call)], capture_output=True, text=True, check=True
    )
    return done.stdout.count("<heap nr=")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has several heaps")
def test_threads_share_one_heap() -> None:
    assert hasattr(ctypes.CDLL(None), "mallopt")
    assert count_heaps("share_one_heap()") == 1
    assert count_heaps("") > 1
