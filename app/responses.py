"""Bodies as orjson bytes: the answers are built by this program, so they are not validated again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
from fastapi import Response

JSON: Final = "application/json"
PROBLEM_JSON: Final = "application/problem+json"


def respond(
    content: Mapping[str, Any],
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    media_type: str = JSON,
) -> Response:
    """Return a JSON response that no cache keeps.

    NaN becomes null and lone surrogates, which JSON text cannot carry, become question marks.
    """
    try:
        body = orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY)
    except orjson.JSONEncodeError:
        body = orjson.dumps(_replace_surrogates(content), option=orjson.OPT_SERIALIZE_NUMPY)
    return respond_with(body, status, headers, media_type)


def respond_with(
    body: bytes, status: int = 200, headers: Mapping[str, str] | None = None, media_type: str = JSON
) -> Response:
    """Return a response that no cache outside keeps."""
    return Response(
        body, status, headers={"Cache-Control": "no-store", **(headers or {})}, media_type=media_type
    )


def _replace_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {_replace_surrogates(key): _replace_surrogates(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_replace_surrogates(each) for each in value]
    return value
