"""What a source looks like: its endpoints, and the names its rows use."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from movierec.errors import ConfigError

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class RowKind(StrEnum):
    """What the rows of an endpoint are."""

    EVENT = "event"
    ITEM = "item"
    USER = "user"


class Endpoint(BaseModel):
    """One list of rows. ``event`` is what its rows mean: watch, like, complete or rating."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,30}$")
    path: str = Field(pattern=r"^/")
    kind: RowKind = RowKind.EVENT
    event: str = ""


ENDPOINTS: Final = (
    Endpoint(name="viewed", path="/posts/view", event="watch"),
    Endpoint(name="liked", path="/posts/like", event="like"),
    Endpoint(name="rated", path="/posts/rating", event="rating"),
    Endpoint(name="posts", path="/posts/summary/get", kind=RowKind.ITEM),
    Endpoint(name="users", path="/users/get_all", kind=RowKind.USER),
)


class SourceSpec(BaseModel):
    """A source, as ``--spec FILE`` (JSON) may describe it; every field has a default but ``url``.

    A row's value is that of the first name of a field that it has; ``category.name`` reaches into objects.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(description="Address the paths are added to; https, or http on this machine.")
    token_header: str = Field(
        "Authorization", pattern=r"^[A-Za-z0-9-]{1,60}$", description="Header that carries the token."
    )
    token_prefix: str = Field("Bearer ", description="What stands before the token in the header.")
    endpoints: tuple[Endpoint, ...] = Field(ENDPOINTS, min_length=1)
    page_parameter: str = "page"
    size_parameter: str = "page_size"
    page_size: int = Field(500, ge=1, le=10_000)
    rows: tuple[str, ...] = Field(
        ("posts", "users", "items", "results", "data"), description="Where in the answer the rows are."
    )
    user_id: tuple[str, ...] = ("user_id", "username", "user.username", "user.id", "user")
    item_id: tuple[str, ...] = ("item_id", "post_id", "video_id", "post.id", "id")
    title: tuple[str, ...] = ("title", "name", "slug")
    genres: tuple[str, ...] = ("genres", "category.name", "category", "tags")
    year: tuple[str, ...] = ("year",)
    rating: tuple[str, ...] = ("rating", "rating_percent", "value", "score")
    rating_scale: float = Field(5.0, gt=0, description="The best rating of the source; becomes five stars.")
    timestamp: tuple[str, ...] = ("timestamp", "viewed_at", "liked_at", "rated_at", "created_at", "date")

    @field_validator("url")
    @classmethod
    def _check_url(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            raise ValueError("must begin with https://, since the token travels with every request")
        if parts.username or parts.query or parts.fragment:
            raise ValueError("must hold neither a user nor a query; the token has an option of its own")
        return url.rstrip("/")


def read_spec(url: str | None, path: Path | None, **chosen: object) -> SourceSpec:
    """Return the spec of a file with what was chosen on top; raises ``ConfigError`` naming the field."""
    given: dict[str, object] = {}
    if path is not None:
        try:
            given = json.loads(path.read_bytes())
        except OSError as error:
            raise ConfigError(f"cannot read {path}: {error.strerror}") from error
        except ValueError as error:
            raise ConfigError(f"{path} is not JSON: {error}") from error
        if not isinstance(given, dict):
            raise ConfigError(f"{path} must hold a JSON object, got {type(given).__name__}")
    given |= {name: value for name, value in {"url": url, **chosen}.items() if value is not None}
    try:
        return SourceSpec.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = ".".join(map(str, first["loc"]))
        raise ConfigError(f"{name} of the source: {first['msg'].removeprefix('Value error, ')}") from None
