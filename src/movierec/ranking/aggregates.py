"""Aggregates behind the features, written once as Ibis expressions.

DuckDB runs them by default; any other Ibis backend can. Every expression is relative to an explicit
``as_of`` in epoch seconds and ignores rows after it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from movierec.schema import SECONDS_PER_DAY

if TYPE_CHECKING:
    from ibis.expr.types import Table

DECAY_DAYS: Final = 30.0
"""Half-life of every ``*_decay_*`` aggregate, in days."""

LIKED_CONFIDENCE: Final = 1.5
"""Confidence from which an event counts as liked: four stars under the default mapping."""

PRIOR_EVENTS: Final = 5.0
"""Events of the average item mixed into item means, so that one rating is not a verdict."""


def _until(interactions: Table, as_of: int) -> Table:
    import ibis  # a second that serving, which needs the constants only, does without

    age = (ibis.literal(as_of, "int64") - interactions.timestamp).cast("float64") / float(SECONDS_PER_DAY)
    known = interactions.filter(interactions.timestamp <= as_of)
    confidence = known.confidence.cast("float64")
    decay = (-(age.fill_null(0.0)) * (math.log(2.0) / DECAY_DAYS)).exp()
    return known.mutate(age_days=age, conf=confidence, conf_decay=confidence * decay)


def _activity(rows: Table, key: str, prefix: str) -> Any:
    return rows.group_by(key).aggregate(
        **{
            f"{prefix}_interactions": rows.count(),
            f"{prefix}_conf_sum": rows.conf.sum(),
            f"{prefix}_conf_decay_sum": rows.conf_decay.sum(),
            f"{prefix}_days_since_last": rows.age_days.min(),
        }
    )


def express(interactions: Table, item_genres: Table, as_of: int, prior_strength: float) -> dict[str, Table]:
    """Return the expression of every aggregated table of the feature store by name."""
    return {
        "user_features": user_features(interactions, as_of),
        "item_features": item_features(interactions, as_of),
        "genre_item_priors": genre_item_priors(interactions, item_genres, as_of, prior_strength),
        "user_genre_affinity": user_genre_affinity(interactions, item_genres, as_of),
    }


def user_features(interactions: Table, as_of: int) -> Table:
    """One row per active user: count, confidence, decayed confidence, days since the last event."""
    return _activity(_until(interactions, as_of), "user_idx", "user").order_by("user_idx")


def item_features(interactions: Table, as_of: int) -> Table:
    """One row per rated item: the same activity, damped mean rating and liked rate, days since the first."""
    rows = _until(interactions, as_of)
    liked = (rows.conf >= LIKED_CONFIDENCE).cast("float64")
    totals = rows.aggregate(mean=rows.rating.mean(), liked=liked.mean())
    per_item = rows.group_by("item_idx").aggregate(
        item_interactions=rows.count(),
        item_conf_sum=rows.conf.sum(),
        item_conf_decay_sum=rows.conf_decay.sum(),
        item_days_since_last=rows.age_days.min(),
        item_days_since_first=rows.age_days.max(),
        rating_sum=rows.rating.cast("float64").sum(),
        rating_count=rows.rating.count(),
        liked_sum=liked.sum(),
    )
    joined = per_item.cross_join(totals)
    return (
        joined.mutate(
            item_mean_rating=(joined.rating_sum.fill_null(0.0) + PRIOR_EVENTS * joined["mean"])
            / (joined.rating_count + PRIOR_EVENTS),
            item_liked_rate=(joined.liked_sum + PRIOR_EVENTS * joined.liked)
            / (joined.item_interactions + PRIOR_EVENTS),
        )
        .drop("rating_sum", "rating_count", "liked_sum", "mean", "liked")
        .order_by("item_idx")
    )


def genre_item_priors(interactions: Table, item_genres: Table, as_of: int, strength: float) -> Table:
    """One row per (genre, item): Bayesian average confidence ``(v/(v+m)) R + (m/(v+m)) C`` in the genre."""
    rows = _until(interactions, as_of).join(item_genres, "item_idx")
    per_genre = rows.group_by("genre").aggregate(genre_mean=rows.conf.mean())
    per_item = rows.group_by(["genre", "item_idx"]).aggregate(events=rows.count(), total=rows.conf.sum())
    joined = per_item.join(per_genre, "genre")
    prior = (joined.total + strength * joined.genre_mean) / (joined.events + strength)
    return joined.select("genre", "item_idx", "events", prior=prior).order_by(["genre", "item_idx"])


def user_genre_affinity(interactions: Table, item_genres: Table, as_of: int) -> Table:
    """One row per (user, genre): share of the user's confidence, plain and decayed; shares sum to 1."""
    rows = _until(interactions, as_of).join(item_genres, "item_idx")
    per_genre = rows.group_by(["user_idx", "genre"]).aggregate(
        plain=(rows.conf * rows.share).sum(), decayed=(rows.conf_decay * rows.share).sum()
    )
    totals = per_genre.group_by("user_idx").aggregate(
        plain_total=per_genre.plain.sum(), decayed_total=per_genre.decayed.sum()
    )
    joined = per_genre.join(totals, "user_idx")
    return joined.select(
        "user_idx",
        "genre",
        affinity=joined.plain / joined.plain_total.nullif(0.0),
        affinity_decay=joined.decayed / joined.decayed_total.nullif(0.0),
    ).order_by(["user_idx", "genre"])
