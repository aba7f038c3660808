"""What recall counts, written once as Ibis expressions that DuckDB and Spark run alike.

A build on one machine takes compiled kernels instead, which count the same (tests hold both equal) and
are asked some twenty times by a build; see :mod:`movierec.recall.sequence`. Every expression expects one row
per user and item, as ingest leaves them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from movierec.recall.base import LIKED_RATING
from movierec.schema import SECONDS_PER_DAY

if TYPE_CHECKING:
    from ibis.expr.types import Table


def popularity(interactions: Table, now: int, half_life_days: float) -> Table:
    """One row per item: events, and confidence decayed and plain, as ``Popularity`` sums them."""
    import ibis

    age = (ibis.literal(now, "int64") - interactions.timestamp).cast("float64") / float(SECONDS_PER_DAY)
    confidence = interactions.confidence.cast("float64")
    rows = interactions.mutate(
        plain=confidence, decayed=confidence * (age * (-math.log(2.0) / half_life_days)).exp()
    )
    return (
        rows.group_by("item_idx")
        .aggregate(events=rows.count(), decayed=rows.decayed.sum(), plain=rows.plain.sum())
        .order_by("item_idx")
    )


def liked_pairs(interactions: Table, min_rating: float = LIKED_RATING) -> Table:
    """One row per event that counts as liked, see :func:`movierec.recall.base.liked`: user and item."""
    unrated = interactions.rating.isnull()
    return interactions.filter(
        (unrated & (interactions.confidence > 0)) | (~unrated & (interactions.rating >= min_rating))
    ).select("user_idx", "item_idx")


def covisits(interactions: Table, window: int, backward: float) -> Table:
    """One row per ordered pair of items within a window of a timeline: pairs of events, summed weight.

    1/distance onwards, ``backward`` of that back. Tied events share their mean position and are as far apart
    as in a random order, ``(ties + 1) / 3``; both directions then get the mean of the two weights.
    """
    import ibis

    placed = _place(interactions)
    onward = _sum_pairs(_pair_onward(placed, window).mutate(pairs=ibis.literal(1, "int64")))
    tied = _sum_pairs(_pair_tied(placed, window, backward).mutate(pairs=ibis.literal(1, "int64")))
    directed = [onward, tied]
    if backward > 0.0:
        # Added up first: turned round it is the same table, which no engine has to compute twice.
        turned = onward.select(
            source=onward.target, target=onward.source, weight=onward.weight * backward, pairs=onward.pairs
        )
        directed.append(turned.select("source", "target", "pairs", "weight"))
    return _sum_pairs(ibis.union(*directed))


def strongest(pairs: Table, keep: int, popularity: Table, damping: float) -> Table:
    """Return the ``keep`` heaviest targets of every source, ties to the smaller one, by source and target.

    Weights are divided by the target's events to the power of ``damping``. Compared in single precision:
    the order in which an engine adds up must not decide.
    """
    import ibis

    if damping > 0.0:
        pairs = pairs.join(popularity.select(target=popularity.item_idx, events=popularity.events), "target")
        pairs = pairs.mutate(weight=pairs.weight * pairs.events.cast("float64").pow(-damping)).drop("events")
    place = ibis.row_number().over(
        group_by=pairs.source, order_by=[pairs.weight.cast("float32").desc(), pairs.target]
    )
    ranked = pairs.mutate(place=place)
    return ranked.filter(ranked.place < keep).drop("place").order_by(["source", "target"])


def _sum_pairs(rows: Table) -> Table:
    return rows.group_by(["source", "target"]).aggregate(pairs=rows.pairs.sum(), weight=rows.weight.sum())


def _place(interactions: Table) -> Table:
    """Add to every event the size of its group of ties and the mean position within the timeline."""
    groups = interactions.group_by(["user_idx", "timestamp"]).aggregate(ties=interactions.count())
    upto = groups.ties.sum().over(group_by=groups.user_idx, order_by=groups.timestamp, rows=(None, 0))
    groups = groups.mutate(
        place=(upto - groups.ties).cast("float64") + (groups.ties - 1).cast("float64") / 2.0
    )
    return interactions.select("user_idx", "item_idx", "timestamp").join(groups, ["user_idx", "timestamp"])


def _pair_onward(placed: Table, window: int) -> Table:
    """Pair every event with the later ones within the window; ``weight`` is 1/distance.

    Joined by stretches as long as the window: a pair lies in one or in two neighbouring ones, so that long
    timelines are not joined with all of themselves.
    """
    import ibis

    stretch = (placed.place / float(window)).floor().cast("int64")
    later = placed.select("user_idx", later_stretch=stretch, target=placed.item_idx, later_place=placed.place)
    steps = ibis.array([0, 1]).unnest()
    earlier = placed.select("user_idx", stretch=stretch, source=placed.item_idx, place=placed.place)
    earlier = earlier.mutate(step=steps)
    earlier = earlier.mutate(reached=(earlier.stretch + earlier.step).cast("int64"))
    joined = earlier.join(later, [earlier.user_idx == later.user_idx, earlier.reached == later.later_stretch])
    distance = joined.later_place - joined.place
    near = joined.mutate(distance=distance)
    near = near.filter((near.distance > 0.0) & (near.distance <= float(window)))
    return near.select("source", "target", weight=1.0 / near.distance)


def _pair_tied(placed: Table, window: int, backward: float) -> Table:
    """Pair the events of one moment with each other, in both directions."""
    distance = (placed.ties.cast("float64") + 1.0) / 3.0
    groups = placed.mutate(distance=distance)
    groups = groups.filter((groups.ties > 1) & (groups.distance <= float(window)))
    one = groups.select("user_idx", "timestamp", "distance", source=groups.item_idx)
    other = groups.select(other_user=groups.user_idx, other_time=groups.timestamp, target=groups.item_idx)
    joined = one.join(other, [one.user_idx == other.other_user, one.timestamp == other.other_time])
    joined = joined.filter(joined.source != joined.target)
    return joined.select("source", "target", weight=(0.5 * (1.0 + backward)) / joined.distance)
