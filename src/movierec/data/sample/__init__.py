"""The embedded sample: real films, written down by us, and a simulated audience."""

from __future__ import annotations

from movierec.data.sample.audience import Audience, AudienceConfig, draw_audience, simulate
from movierec.data.sample.films import fingerprint_films, invent_films, read_films
from movierec.data.sample.source import SAMPLE_ORIGIN, fingerprint_sample, read_sample

__all__ = [
    "SAMPLE_ORIGIN",
    "Audience",
    "AudienceConfig",
    "draw_audience",
    "fingerprint_films",
    "fingerprint_sample",
    "invent_films",
    "read_films",
    "read_sample",
    "simulate",
]
