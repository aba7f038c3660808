"""What the models of the contract are made of: text, numbers and times, read strictly."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def check_plain(text: str) -> str:
    """Return the text; control characters and lone surrogates are refused, as databases refuse them."""
    if _UNPRINTABLE.search(text):
        raise ValueError("control characters and lone surrogates are not allowed")
    return text


def check_time_text(value: Any) -> Any:
    """Return the value; numbers are refused, because their unit and epoch would be a guess."""
    if value is not None and not isinstance(value, str | datetime):
        raise ValueError("send the time as ISO 8601 text")
    return value


def convert_to_utc(moment: datetime | None) -> datetime | None:
    """Return the moment in UTC; one without an offset is taken as UTC."""
    if moment is None:
        return None
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("the time is outside the years 1 to 9999") from None


PLAIN: Final[dict[str, JsonValue]] = {"pattern": r"^[^\u0000-\u001f\u007f-\u009f]*$"}
"""What :func:`check_plain` takes, as the description says it; patterns have no word for surrogates."""

ItemId = Annotated[
    str,
    Field(min_length=1, max_length=64, examples=["1"], json_schema_extra=PLAIN),
    AfterValidator(check_plain),
]
ViewerId = Annotated[
    str,
    Field(min_length=1, max_length=64, examples=["42"], json_schema_extra=PLAIN),
    AfterValidator(check_plain),
]
GenreName = Annotated[
    str,
    Field(min_length=1, max_length=40, examples=["Comedy"], json_schema_extra=PLAIN),
    AfterValidator(check_plain),
]
ListLength = Annotated[
    int, Field(strict=True, ge=1, le=100, description="How many items to return, 1 to 100.")
]
Diversity = Annotated[
    float, Field(strict=True, ge=0.0, le=1.0, description="0 = pure score order, 1 = most varied.")
]


class Model(BaseModel):
    """Frozen and closed: unknown fields are an error, not a surprise."""

    model_config = ConfigDict(frozen=True, extra="forbid")
