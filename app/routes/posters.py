"""Generated posters, cacheable by the browser."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Annotated, Final

from fastapi import APIRouter, Header, Response

from app.backend import BackendDep
from app.openapi import describe_problems
from app.parameters import ItemPath
from movierec.posters.artwork import draw_poster

CACHE_CONTROL: Final = "public, max-age=86400"
# An SVG opened on its own is a document: it may style itself and nothing else.
SECURITY_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

router = APIRouter(prefix="/posters", tags=["movies"])


@router.get(
    "/{item_id:path}.svg",
    operation_id="getPoster",
    response_class=Response,
    responses={
        200: {"content": {"image/svg+xml": {}}, "description": "The poster"},
        304: {"description": "The copy named by If-None-Match is still good"},
        **describe_problems(404, 503),
    },
)
async def get_poster(
    item_id: ItemPath,
    backend: BackendDep,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Return the artwork of a movie; the same facts always give the same bytes."""
    item_idx = backend.find_item(item_id)
    catalog = backend.service.catalog
    body, etag = _draw(
        catalog.title[item_idx],
        int(catalog.year[item_idx]) or None,
        catalog.genres[item_idx],
        catalog.director[item_idx],
        item_id,
    )
    headers = {"ETag": etag, "Cache-Control": CACHE_CONTROL}
    if _is_current(if_none_match, etag):
        return Response(status_code=304, headers=headers)
    return Response(
        body,
        headers={**headers, "Content-Security-Policy": SECURITY_POLICY},
        media_type="image/svg+xml",
    )


@lru_cache(maxsize=1024)
def _draw(
    title: str, year: int | None, genres: tuple[str, ...], director: str | None, seed_text: str
) -> tuple[bytes, str]:
    body = draw_poster(title, year, genres, director, seed_text).encode()
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def _is_current(if_none_match: str | None, etag: str) -> bool:
    if if_none_match is None:
        return False
    named = {each.strip().removeprefix("W/") for each in if_none_match.split(",")}
    return "*" in named or etag in named
