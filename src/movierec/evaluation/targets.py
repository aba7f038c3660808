"""What we measure ourselves against: figures of others and what we set out to reach, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Target:
    """One row of the table of targets; every figure is NDCG@10.

    Attributes
    ----------
    dataset, protocol : which report the row belongs to
    elsewhere : best single model found outside of this repository's runs, with its figure
    prototype : figure of the prototype the targets were set with, None where it was not measured
    goal : what we go for
    floor : whether V2 must be significantly above the best known model
    """

    dataset: str
    protocol: str
    elsewhere: str
    prototype: float | None
    goal: float
    floor: bool = True


TARGETS: Final = (
    Target("ml-100k", "leave-one-out", "ordered co-visitation .119, SASRec .094", 0.150, 0.165),
    Target("ml-latest-small", "leave-one-out", "ordered co-visitation .074, SASRec .036", 0.098, 0.110),
    Target("ml-100k", "user-timeline", "recency EASE .202, SASRec .127", 0.239, 0.255),
    Target("ml-latest-small", "user-timeline", "EASE .127, SASRec .059", 0.172, 0.190),
    Target("ml-100k", "global-timeline", "recency EASE × recent popularity .236", 0.271, 0.300),
    Target(
        "ml-latest-small",
        "global-timeline",
        "recency EASE × recent popularity .187",
        0.220,
        0.240,
        floor=False,
    ),
    Target("ml-100k", "random", "EASE .477; published: BiVAE .475", None, 0.500, floor=False),
)
"""Measured on these very protocols in November 2026, save for the published figure of Microsoft's table."""
