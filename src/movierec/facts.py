"""What a data set is like, in figures that say how hard it is: size, density, long tail, ratings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from movierec.schema import Catalog, Interactions


@dataclass(frozen=True)
class DatasetFacts:
    """Figures of one data set.

    Attributes
    ----------
    density : share of all viewer-film pairs that have an event, in [0, 1]
    median_events : events of the viewer in the middle
    top_tenth_share : share of all events that falls on the most popular tenth of the films
    n_never_rated : films without any event
    mean_rating : stars, None where nothing carries a rating
    ratings : (stars, number of events), ascending
    genres : (genre, number of films), most frequent first
    first, last : seconds since the epoch, None where there are no events
    """

    density: float
    median_events: float
    top_tenth_share: float
    n_never_rated: int
    mean_rating: float | None
    ratings: tuple[tuple[float, int], ...]
    genres: tuple[tuple[str, int], ...]
    first: int | None
    last: int | None


def describe_dataset(interactions: Interactions, catalog: Catalog) -> DatasetFacts:
    """Return the figures of a data set."""
    n_events = len(interactions)
    per_item = np.bincount(interactions.item_idx, minlength=interactions.n_items)
    per_user = np.bincount(interactions.user_idx, minlength=interactions.n_users)
    head = np.sort(per_item)[::-1][: max(1, round(interactions.n_items / 10))]
    rated = interactions.rating[~np.isnan(interactions.rating)].astype(np.float64)
    stars, counts = np.unique(rated, return_counts=True)
    sizes = catalog.genre_matrix.sum(axis=0)
    order = np.argsort(-sizes, kind="stable")
    return DatasetFacts(
        density=n_events / max(interactions.n_users * interactions.n_items, 1),
        median_events=float(np.median(per_user)) if len(per_user) else 0.0,
        top_tenth_share=float(head.sum() / n_events) if n_events else 0.0,
        n_never_rated=int((per_item == 0).sum()),
        mean_rating=float(rated.mean()) if len(rated) else None,
        ratings=tuple((float(star), int(count)) for star, count in zip(stars, counts, strict=True)),
        genres=tuple((catalog.genre_names[place], int(sizes[place])) for place in order),
        first=int(interactions.timestamp.min()) if n_events else None,
        last=int(interactions.timestamp.max()) if n_events else None,
    )
