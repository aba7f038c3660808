"""The protocols by name: each turns interactions into one split, or several that are pooled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from movierec.data.splits import (
    Split,
    find_untied,
    global_timeline,
    leave_one_out,
    random_per_user,
    rated_only,
    strong_generalisation,
    user_timeline,
)
from movierec.errors import ConfigError
from movierec.schema import Aim, BoolArray, Interactions
from movierec.stages import BuildConfig

GLOBAL_QUANTILES: Final = (0.6, 0.7, 0.8, 0.9)
"""One cut leaves few users with a history in small data sets; several are pooled."""


def keep_config(config: BuildConfig) -> BuildConfig:
    """Return the config as it is: the build answers what comes next."""
    return config


@dataclass(frozen=True, slots=True)
class SubsetRule:
    """Which of the scored users are reported once more by themselves.

    Attributes
    ----------
    name : of the subset in reports
    description : who is in it, in words
    find : a split to bool[len(truth)]
    """

    name: str
    description: str
    find: Callable[[Split], BoolArray]


@dataclass(frozen=True, slots=True)
class Protocol:
    """A named way to hold events out.

    Attributes
    ----------
    name : as on the command line and in file names
    question : what a good number under it says, in words
    split : interactions and seed to splits; models are fitted once per split, user values are pooled
    aim : what V2 is also asked for, as the question has it; the balanced order is always asked
    configure : states the goal of the build that is asked for, where it is not what comes next
    group : protocols of one group have the same train rows and config, so one fit serves them all
    subsets : users that are also reported by themselves
    fits : how many splits there are, for a queue to start with what takes longest
    """

    name: str
    question: str
    split: Callable[[Interactions, int], tuple[Split, ...]]
    configure: Callable[[BuildConfig], BuildConfig] = keep_config
    aim: Aim = Aim.BALANCED
    group: str = ""
    subsets: tuple[SubsetRule, ...] = field(default=())
    fits: int = 1

    @property
    def fit_group(self) -> str:
        """The group, which is the protocol's own name unless it shares a fit."""
        return self.group or self.name


def seek_missing(config: BuildConfig) -> BuildConfig:
    """Return the config of a build that finds what is missing from a history, rated high or low."""
    training = {
        "goal": "missing",
        "folds": 6,
        "points": 3,
        "label_decay": 1.0,
        "weak_weight": 1.0,
        "time_quantiles": (),
    }
    # Shallow trees on large leaves: on an inner split of ml-100k .278, with the defaults .254, EASE .264.
    shape = {
        "max_leaf_nodes": 8,
        "min_samples_leaf": 1000,
        "max_iter": 200,
        "learning_rate": 0.07,
        "max_features": 0.4,
    }
    ranker = {"watch_rating": 0.0, "later_seeds": (), **shape}
    return config.model_copy(
        update={
            "training": config.training.model_copy(update=training),
            "ranker": config.ranker.model_copy(update=ranker),
        }
    )


def seek_missing_likes(config: BuildConfig) -> BuildConfig:
    """Return the config of a build that finds what strangers miss in a history of liked titles."""
    config = seek_missing(config)
    strangers = {"missing_share": 0.2, "points": 0}
    return config.model_copy(update={"training": config.training.model_copy(update=strangers)})


UNTIED: Final = SubsetRule(
    "untied",
    "users whose last event is later than the one before; the others' order within a second is the file's",
    find_untied,
)

TEN_LIKED: Final = SubsetRule(
    "ten liked",
    "users with at least ten liked films held out, for whom precision@10 can reach 1",
    lambda split: split.truth.n_relevant >= 10,
)

_USER_TIMELINE: Final = Protocol(
    "user-timeline",
    "What will somebody like later? Truth: the last fifth of each timeline, four stars or more.",
    lambda events, _: (user_timeline(events),),
    aim=Aim.LATER,
)

PROTOCOLS: Final[Mapping[str, Protocol]] = MappingProxyType(
    {
        protocol.name: protocol
        for protocol in (
            Protocol(
                "leave-one-out",
                "What does somebody watch next? Truth: the last event, if rated above 2.5.",
                lambda events, _: (leave_one_out(events),),
                aim=Aim.NEXT,
                subsets=(UNTIED,),
            ),
            _USER_TIMELINE,
            replace(
                _USER_TIMELINE,
                name="rated-only",
                question="Of what somebody went on to rate, which titles did they like? Only their own last "
                "fifth is ranked; truth: four stars or more.",
                split=lambda events, _: (rated_only(events),),
                group=_USER_TIMELINE.name,
                aim=Aim.RATING,
                subsets=(TEN_LIKED,),
            ),
            Protocol(
                "global-timeline",
                "What will people like after a moment whose future nobody knows? Truth: everything after it, "
                "four stars or more; cuts at several moments are pooled.",
                lambda events, _: tuple(global_timeline(events, quantile) for quantile in GLOBAL_QUANTILES),
                aim=Aim.RETURN,
                fits=len(GLOBAL_QUANTILES),
            ),
            Protocol(
                "random",
                "What of a random quarter of each history is found? Ignores time; for comparison only.",
                lambda events, seed: (random_per_user(events, seed=seed),),
                seek_missing,
            ),
            Protocol(
                "strong-generalisation",
                "How well are people served who were not there when the models were fitted? Truth: a random "
                "fifth of the liked titles of held-out users.",
                lambda events, seed: (strong_generalisation(events, seed=seed),),
                seek_missing_likes,
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


def group_protocols(protocols: Iterable[Protocol]) -> tuple[tuple[Protocol, ...], ...]:
    """Return the protocols that share a fit side by side, groups in the order of their first member."""
    groups: dict[str, list[Protocol]] = {}
    for protocol in protocols:
        groups.setdefault(protocol.fit_group, []).append(protocol)
    return tuple(map(tuple, groups.values()))
