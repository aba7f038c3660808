"""The guided tour: which page to open, what to say and what to look at. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Step:
    """One stop: the page's file, the widget states that open the right part of it, and the words."""

    page: str
    title: str
    say: str
    look: tuple[str, ...]
    states: tuple[tuple[str, str], ...] = ()
    needs_movie: bool = False


STEPS: Final = (
    Step(
        "views/taste.py",
        "Meet the viewer",
        "Everything starts with what one person has watched. Nothing else is known about them.",
        (
            "The bars: what this viewer likes. The ticks: what everybody likes.",
            "Under “History”: the latest titles, which count most for what comes next.",
        ),
    ),
    Step(
        "views/for_you.py",
        "A list with reasons",
        "The best films they have not seen, best first.",
        (
            "The match on a card: the modelled chance that they like the film. Hover it to read more.",
            "The line below: why this film is here, in words.",
        ),
    ),
    Step(
        "views/for_you.py",
        "Say what you think",
        "The list learns at once, without being trained again.",
        (
            "Press the thumb of a film: cards move, and every moved card says how far and why.",
            "Press the same thumb again: everything is as it was.",
        ),
    ),
    Step(
        "views/title.py",
        "Ask about one film",
        "Why this one, and what else is like it?",
        ("The titles that caused the recommendation.", "The similar titles, and what the likeness rests on."),
        needs_movie=True,
    ),
    Step(
        "views/inspect.py",
        "Look inside",
        "From the whole catalogue to ten films, in milliseconds.",
        (
            "The funnel: eleven ways of finding films, one merge, one ranking model.",
            "Further down: which features moved this film up or down, adding up to its score.",
        ),
        (("inspect_look", "list"),),
    ),
    Step(
        "views/inspect.py",
        "What each generation adds",
        "One source alone, all merged, and ranked by the model: the same viewer, three lists.",
        ("The marks: what moved and what is new from one generation to the next.",),
        (("inspect_look", "generations"),),
    ),
    Step(
        "views/evaluation.py",
        "How good it is",
        "Measured on real ratings that were held back, against well-known models tuned on the same data.",
        (
            "The first sentence: where ours is clearly better, and where it is not.",
            "The lines in the chart: how sure each number is.",
        ),
        (("evaluation_look", "results"),),
    ),
    Step(
        "views/tour.py",
        "Take it along",
        "One page with this viewer's films and reasons, to print or to send.",
        ("The page below: download it, or print it or save it as PDF.",),
    ),
)
"""About forty seconds each."""

MINUTES: Final = 5


def clamp_step(step: int) -> int:
    """Return the nearest step that exists."""
    return max(0, min(step, len(STEPS) - 1))
