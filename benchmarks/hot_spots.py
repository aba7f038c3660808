"""Where the time of a request goes, function by function."""

from __future__ import annotations

import cProfile
import time
from pathlib import Path
from types import CodeType

import numpy as np

from movierec.service import Query, RecommenderService

REQUESTS, SHOWN, K = 200, 16, 20


def render_hot_spots(service: RecommenderService) -> list[str]:
    """Profile lists of random viewers; return the dearest functions as lines of Markdown."""
    users = np.random.default_rng(4).choice(len(service.user_id), min(REQUESTS, len(service.user_id)), False)
    histories = [service.trained_history(int(user)) for user in users]
    service.recommend(histories[0], Query(k=K))
    profile = cProfile.Profile(time.thread_time)
    profile.enable()
    for history in histories:
        service.recommend(history, Query(k=K))
    profile.disable()
    rows = sorted(profile.getstats(), key=lambda row: -row.inlinetime)
    n, total = len(histories), sum(row.inlinetime for row in rows)
    lines = [
        "",
        "## Where it goes",
        "",
        f"Own time of the dearest functions over {n} lists, by cProfile, which makes those of Python dearer",
        "than they are; kernels are compiled and cost what they cost.",
        "",
        "| function | calls | ms of a list | |",
        "|---|---|---|---|",
    ]
    for row in rows[:SHOWN]:
        name = row.code if isinstance(row.code, str) else _name(row.code)
        own = f"{row.inlinetime / n * 1e3:.3f} | {row.inlinetime / total:.0%}"
        lines.append(f"| `{name}` | {row.callcount / n:.0f} | {own} |")
    rest, calls = (
        sum(column) for column in zip(*((row.inlinetime, row.callcount) for row in rows[SHOWN:]), strict=True)
    )
    own = f"{rest / n * 1e3:.3f} | {rest / total:.0%}"
    return [*lines, f"| {len(rows) - SHOWN} others | {calls / n:.0f} | {own} |"]


def _name(code: CodeType) -> str:
    return f"{Path(code.co_filename).stem}.{code.co_qualname.removesuffix('.<locals>')}"
