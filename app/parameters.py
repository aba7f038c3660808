"""Path and query parameters: text from an address, read strictly."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from fastapi import Path, Query
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from app.cursors import MAX_LENGTH
from app.schemas import PLAIN, GenreName, ItemId, ViewerId, check_plain
from movierec.moods import Mood
from movierec.schema import Aim, Generation

_WHOLE_NUMBER: Final = re.compile(r"-?[0-9]{1,1000}", re.ASCII)
_DECIMAL: Final = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?", re.ASCII)


def read_whole_number(value: Any) -> Any:
    """Return the integer a text spells with digits alone: no blanks, underscores or decimals."""
    if isinstance(value, str):
        if not _WHOLE_NUMBER.fullmatch(value):
            raise ValueError("Input should be a whole number")
        return int(value)
    return value


def read_decimal(value: Any) -> Any:
    """Return the number a text spells with digits and a point: no exponents, NaN or infinity."""
    if isinstance(value, str):
        if not _DECIMAL.fullmatch(value):
            raise ValueError("Input should be a number such as 0.3")
        return float(value)
    return value


# The bounds come before the reader: the other way round OpenAPI would not show them.
Year = Annotated[int, Field(ge=1870, le=2100, examples=[1990]), BeforeValidator(read_whole_number)]
Count = Annotated[
    int,
    Field(ge=1, le=100, description="How many items to return, 1 to 100."),
    BeforeValidator(read_whole_number),
]
Fraction = Annotated[float, Field(ge=0.0, le=1.0), BeforeValidator(read_decimal)]
SearchText = Annotated[str, Field(max_length=200, json_schema_extra=PLAIN), AfterValidator(check_plain)]

UserIdx = Annotated[
    int,
    BeforeValidator(read_whole_number),
    Path(description="Dense index of the viewer, from 0.", examples=[0]),
]
ItemPath = Annotated[str, Path(description="Id of the movie in its data set.", examples=["1"])]
Limit = Annotated[
    int, Field(ge=1, le=100), BeforeValidator(read_whole_number), Query(description="Page size, 1 to 100.")
]
Offset = Annotated[
    int,
    Field(ge=0, le=10_000_000),
    BeforeValidator(read_whole_number),
    Query(description="How many to skip."),
]


class ListParameters(BaseModel):
    """What may be asked of a recommended list."""

    model_config = ConfigDict(frozen=True)

    k: Count = 10
    generation: Generation = Field(Generation.V2, description="Which pipeline answers.")
    only_genres: list[GenreName] = Field(
        default=[], max_length=30, description="Keep only movies with one of these genres; repeatable."
    )
    year_from: Year | None = None
    year_to: Year | None = None
    diversity: Fraction = Field(0.0, description="0 = pure score order, 1 = most varied.")
    aim: Aim = Field(
        Aim.BALANCED,
        description="What the order is for: `next` what is watched next, `later` what is liked anywhere "
        "ahead, `return` what somebody wants who comes back after a while; `balanced` weighs all three. "
        "`rating` is the order of `match`: what is liked best if it is watched.",
    )
    hide: list[ItemId] = Field(
        default=[], max_length=1000, description="Movies to leave out; repeatable, unknown ids are ignored."
    )


ListQuery = Annotated[ListParameters, Query()]


class SectionsParameters(BaseModel):
    """What may be asked of a page of sections."""

    model_config = ConfigDict(frozen=True)

    k: Count = Field(12, description="Films per section, 1 to 100.")
    genres: list[GenreName] = Field(
        default=[], max_length=30, description="Favourite genres: a hint for new viewers, not a filter."
    )
    only_genres: list[GenreName] = Field(
        default=[], max_length=30, description="Keep only movies with one of these genres; repeatable."
    )
    year_from: Year | None = None
    year_to: Year | None = None
    diversity: Fraction = Field(0.0, description="0 = pure score order, 1 = most varied.")
    aim: Aim = Field(Aim.BALANCED, description="What the order is for, as in `GET /recommend/user/…`.")
    hide: list[ItemId] = Field(
        default=[], max_length=1000, description="Movies to leave out; repeatable, unknown ids are ignored."
    )


SectionsQuery = Annotated[SectionsParameters, Query()]


class FeedParameters(BaseModel):
    """What may be asked of a feed."""

    model_config = ConfigDict(frozen=True)

    username: ViewerId | None = Field(
        None, description="Id of the viewer, known or new; without it the feed is nobody's in particular."
    )
    page: Annotated[int, Field(ge=1, le=10_000), BeforeValidator(read_whole_number)] = 1
    page_size: Count = 20
    genre: GenreName | None = Field(None, description="Only films of this genre.")
    category: GenreName | None = Field(None, description="Another name for `genre`.")
    mood: Mood | None = Field(None, description="Films that fit come first; see `GET /api/v1/moods`.")
    cursor: (
        Annotated[
            str,
            Field(min_length=1, max_length=MAX_LENGTH, json_schema_extra=PLAIN),
            AfterValidator(check_plain),
        ]
        | None
    ) = Field(None, description="The `cursor` of page 1, sent with the same username, genre and mood.")


class CategoryParameters(FeedParameters):
    """What may be asked of the feed of one genre."""

    category: GenreName = Field(description="Only films of this genre.")


FeedQuery = Annotated[FeedParameters, Query()]
CategoryQuery = Annotated[CategoryParameters, Query()]
