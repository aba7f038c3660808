"""Ranker features in plain words; what is not known here keeps its own name."""

from __future__ import annotations

from typing import Final

from ui.text import METHOD_NAMES, SOURCE_NAMES, name_stage

_EXACT: Final = {
    "merge_score": ("Merged score", "How high all sources together put the film, before the model."),
    "expected_rating": ("Expected stars", "Stars this viewer would give, from their level and the film's."),
    "item_rating_bias": ("Film's rating level", "How far the film's stars lie above or below the average."),
    "item_genre_count": ("Number of genres", "How many genres the film has."),
    "user_item_genre_aff": ("Genre match", "How well the film's genres fit everything the viewer liked."),
    "user_item_genre_aff_decay": ("Recent genre match", "How well its genres fit what they liked lately."),
    "item_year": ("Release year", "When the film came out."),
    "item_trend": ("Trend", "Is the film watched more lately than it used to be?"),
    "then_trend": ("Trend at that time", "Was the film on the rise when this viewer was last here?"),
    "item_interactions": ("Film's events", "How many people watched it."),
    "item_conf_sum": ("Film's likes", "How much liking the film gathered over all time."),
    "item_conf_decay_sum": ("Film's recent likes", "How much liking it gathered lately."),
    "item_days_since_last": ("Days since last watched", "Days since anybody watched the film."),
    "user_interactions": ("Viewer's events", "How many films the viewer has watched."),
    "user_conf_sum": ("Viewer's likes", "How much the viewer liked altogether."),
    "user_conf_decay_sum": ("Viewer's recent likes", "How much the viewer liked lately."),
    "user_days_since_last": ("Days since last visit", "Days since the viewer's last event."),
    "user_days_span": ("Viewer's time here", "Days between the viewer's first and last event."),
    "factor_match_best": ("Closest liked film", "Likeness to the most similar film the viewer liked."),
    "factor_match_disliked": ("Closest disliked film", "Likeness to what the viewer disliked."),
    "genre_liked_share": ("Share of liked genres", "How much of what they watched in its genres they liked."),
}
_STRETCHES: Final = {"last_2": "last two films", "last_10": "last ten films", "all": "all films"}
_STRETCHED: Final = {
    "year_gap": ("Year gap", "Years between the film and the viewer's"),
    "popularity_gap": ("Popularity gap", "How much more or less known it is than the viewer's"),
    "genre_match": ("Genre likeness", "How alike its genres are to the viewer's"),
    "factor_match": ("Audience likeness", "How alike its audience is to that of the viewer's"),
}
_KINDS: Final = {
    "score": ("score", "The score this source gave the film; higher is better."),
    "rank": ("rank", "The place this source put the film at; empty where it did not list it."),
}
_LONGEST_FIRST: Final = sorted(SOURCE_NAMES, key=len, reverse=True)
_UNEXPLAINED: Final = "One of the model's inputs; docs/quality.md in the project tells how they came about."


_STANDARDISED: Final = ("now_activity_7d", "now_activity_30d")


def name_feature(name: str) -> str:
    """Return the name people read for a feature."""
    return _look_up(name)[0]


def explain_feature(name: str) -> str:
    """Return one sentence on what a feature says."""
    return _look_up(name)[1]


def _look_up(name: str) -> tuple[str, str]:
    if name in _EXACT:
        return _EXACT[name]
    for stretch, words in _STRETCHES.items():
        stem = name.removesuffix(f"_{stretch}")
        if stem != name and stem in _STRETCHED:
            label, text = _STRETCHED[stem]
            return f"{label}, {words}", f"{text} {words}."
    source, _, kind = name.rpartition("_")
    if kind in _KINDS and source:
        base = next((known for known in _LONGEST_FIRST if source.startswith(known)), None)
        words, text = _KINDS[kind]
        if base is not None:
            look = source.removeprefix(base).strip("_").replace("_", " ")
            method = METHOD_NAMES.get(base, base.replace("_", " "))
            label = f"{method[0].upper()}{method[1:]}{f' ({look})' if look else ''} {words}"
            return label, f"{SOURCE_NAMES[base]}: {text[0].lower()}{text[1:]}"
    for prefix, when in (("then_", "when this viewer was last here"), ("now_", "now")):
        if name.startswith(f"{prefix}activity"):
            span = name.removeprefix(f"{prefix}activity_")
            beside = " Told beside the other candidates: 0 is their mean." if name in _STANDARDISED else ""
            return (
                f"Activity {span.replace('_', ' ')} {'then' if prefix == 'then_' else 'now'}",
                f"How much the film was watched {when}, over this stretch of time.{beside}",
            )
    return name_stage(name), _UNEXPLAINED
