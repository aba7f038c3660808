"""Numbers and tables as Markdown."""

from __future__ import annotations

from movierec.evaluation.intervals import Difference, Interval


def format_interval(interval: Interval) -> str:
    """Return ``.123 [.101, .145]`` in three digits."""
    return f"{interval.mean:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def format_difference(difference: Difference) -> str:
    """Return a signed difference with interval and p-value."""
    return (
        f"{difference.mean:+.3f} [{difference.low:+.3f}, {difference.high:+.3f}], "
        f"p {format_p_value(difference.p_value)}"
    )


def format_p_value(p_value: float) -> str:
    """Return ``< 0.001`` or three digits."""
    return "< 0.001" if p_value < 0.001 else f"= {p_value:.3f}"


def tabulate(header: list[str], rows: list[list[str]], n_text: int = 1) -> str:
    """Return a Markdown table: the first ``n_text`` columns to the left, the others to the right."""
    rule = ["---" if column < n_text else "---:" for column in range(len(header))]
    lines = [header, rule, *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
