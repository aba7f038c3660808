"""The protocols by name: each turns interactions into one split, or several that are pooled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from movierec.data.splits import (
    Split,
    global_timeline,
    leave_one_out,
    random_per_user,
    strong_generalisation,
    user_timeline,
)
from movierec.errors import ConfigError
from movierec.schema import Interactions

GLOBAL_QUANTILES: Final = (0.6, 0.7, 0.8, 0.9)
"""One cut leaves few users with a history in small data sets; several are pooled."""


@dataclass(frozen=True, slots=True)
class Protocol:
    """A named way to hold events out.

    Attributes
    ----------
    name : as on the command line and in file names
    question : what a good number under it says, in words
    split : interactions and seed to splits; models are fitted once per split, user values are pooled
    """

    name: str
    question: str
    split: Callable[[Interactions, int], tuple[Split, ...]]


PROTOCOLS: Final[Mapping[str, Protocol]] = MappingProxyType(
    {
        protocol.name: protocol
        for protocol in (
            Protocol(
                "leave-one-out",
                "What does somebody watch next? Truth: the last event, if rated above 2.5.",
                lambda events, _: (leave_one_out(events),),
            ),
            Protocol(
                "user-timeline",
                "What will somebody like later? Truth: the last fifth of each timeline, four stars or more.",
                lambda events, _: (user_timeline(events),),
            ),
            Protocol(
                "global-timeline",
                "What will people like after a moment whose future nobody knows? Truth: everything after it, "
                "four stars or more; cuts at several moments are pooled.",
                lambda events, _: tuple(global_timeline(events, quantile) for quantile in GLOBAL_QUANTILES),
            ),
            Protocol(
                "random",
                "What of a random quarter of each history is found? Ignores time; for comparison only.",
                lambda events, seed: (random_per_user(events, seed=seed),),
            ),
            Protocol(
                "strong-generalisation",
                "How well are people served who were not there when the models were fitted? Truth: a random "
                "fifth of the liked titles of held-out users.",
                lambda events, seed: (strong_generalisation(events, seed=seed),),
            ),
        )
    }
)


def find_protocols(names: Iterable[str]) -> tuple[Protocol, ...]:
    """Return the protocols of these names, in their order, each once; raises ``ConfigError``."""
    wanted = tuple(dict.fromkeys(names))
    known = ", ".join(PROTOCOLS)
    if not wanted:
        raise ConfigError(f"protocols must name at least one of {known}, got none")
    for name in wanted:
        if name not in PROTOCOLS:
            raise ConfigError(f"protocol must be one of {known}; got {name!r}")
    return tuple(PROTOCOLS[name] for name in wanted)
