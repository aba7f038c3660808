"""Metrics of the reports in plain words."""

from __future__ import annotations

from typing import Final

METRICS: Final = {
    "ndcg": (
        "NDCG",
        "1 where the first places hold nothing but films people went on to like; "
        "the lower a film stands, the less it counts",
    ),
    "hit_rate": ("Hit rate", "share of people with at least one film they liked in the first places"),
    "recall": ("Recall", "share of the films they went on to like that is in the first places"),
    "precision": ("Precision", "share of the first places that holds a film they went on to like"),
    "map": ("MAP", "mean of the precision at every film they liked"),
    "mrr": ("MRR", "1 over the place of the first film they liked"),
    "auc": ("AUC", "chance that a film they liked stands above one they did not"),
    "coverage": ("Coverage", "share of the catalogue that is in anybody's list"),
    "novelty": (
        "Novelty",
        "how unexpected the films are, in bits: one more means watched half as often",
    ),
    "diversity": ("Genre diversity", "how far apart the genres within a list are, 0 to 1"),
    "arp": ("Mean popularity", "how many people watched the listed films, on average"),
    "gini": ("Gini", "how unequally places are shared out among films, 0 alike"),
    "miscalibration": ("Genre miscalibration", "distance of a list's genres from those of the history"),
}
PROTOCOLS: Final = {
    "leave-one-out": "Next film",
    "user-timeline": "Rest of the timeline",
    "global-timeline": "After a date",
    "random": "Random quarter",
    "rated-only": "Order of what they rated",
    "strong-generalisation": "People never seen",
}
KINDS: Final = {"pipeline": "ours", "source": "our source alone", "peer": "known model"}


def name_metric(metric: str) -> str:
    """Return ``NDCG@10`` for ``ndcg@10``; unknown ones keep their name."""
    stem, at, k = metric.partition("@")
    return METRICS.get(stem, (stem, ""))[0] + at + k


def explain_metric(metric: str) -> str:
    """Return what a metric says; empty where it is not known."""
    return METRICS.get(metric.partition("@")[0], ("", ""))[1]


def name_protocol(protocol: str) -> str:
    """Return a protocol in a few words; unknown ones keep their name."""
    return PROTOCOLS.get(protocol, protocol)


def format_p_value(p_value: float) -> str:
    """Return a p-value as it is usually written."""
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"
