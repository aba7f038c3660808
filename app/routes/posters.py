"""Posters, cacheable by the browser: generated ones, and real ones where there is a token for them."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Annotated, Final

from fastapi import APIRouter, Header, Response

from app.backend import BackendDep
from app.openapi import describe_problems
from app.parameters import ItemPath
from app.real_posters import GalleryDep, find_poster
from movierec.posters.artwork import draw_poster

CACHE_CONTROL: Final = "public, max-age=86400"
UNSETTLED: Final = "no-cache"
"""For artwork that stands in while the real poster is fetched."""

# An SVG opened on its own is a document: it may style itself and nothing else.
SECURITY_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

router = APIRouter(prefix="/posters", tags=["movies"])


@router.get(
    "/{item_id:text}.svg",
    operation_id="getPoster",
    response_class=Response,
    responses={
        200: {
            "content": {"image/svg+xml": {}, "image/jpeg": {}, "image/png": {}},
            "description": "The poster; a photo only where TMDB is in use and `Accept` names `image/*`",
        },
        304: {"description": "The copy named by If-None-Match is still good"},
        **describe_problems(404, 503),
    },
)
async def get_poster(
    item_id: ItemPath,
    backend: BackendDep,
    gallery: GalleryDep,
    if_none_match: Annotated[str | None, Header()] = None,
    accept: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Response:
    """Return the artwork of a movie, the same bytes for the same facts, or its real poster from TMDB."""
    item_idx = backend.find_item(item_id)
    catalog = backend.service.catalog
    sight = await find_poster(gallery, catalog.tmdb_id[item_idx], accept)
    if sight.picture is not None:
        picture = sight.picture
        return _answer(picture.body, picture.etag, picture.media_type, CACHE_CONTROL, if_none_match)
    body, etag = draw_cached(
        catalog.title[item_idx],
        int(catalog.year[item_idx]) or None,
        catalog.genres[item_idx],
        catalog.director[item_idx],
        item_id,
    )
    return _answer(body, etag, "image/svg+xml", CACHE_CONTROL if sight.settled else UNSETTLED, if_none_match)


@lru_cache(maxsize=1024)
def draw_cached(
    title: str, year: int | None, genres: tuple[str, ...], director: str | None, seed_text: str
) -> tuple[bytes, str]:
    """Return a poster and its ETag; the most recent thousand are kept."""
    body = draw_poster(title, year, genres, director, seed_text).encode()
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def _answer(
    body: bytes, etag: str, media_type: str, cache_control: str, if_none_match: str | None
) -> Response:
    headers = {"ETag": etag, "Cache-Control": cache_control, "Vary": "Accept"}
    if _is_current(if_none_match, etag):
        return Response(status_code=304, headers=headers)
    return Response(
        body, headers={**headers, "Content-Security-Policy": SECURITY_POLICY}, media_type=media_type
    )


def _is_current(if_none_match: str | None, etag: str) -> bool:
    if if_none_match is None:
        return False
    named = {each.strip().removeprefix("W/") for each in if_none_match.split(",")}
    return "*" in named or etag in named
