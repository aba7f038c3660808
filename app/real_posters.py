"""Real posters in the API: whether there are any, and which callers take them."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from movierec.config import Settings
from movierec.posters.gallery import PosterGallery, Sight

_ARTWORK: Final = Sight(None, settled=True)


def open_gallery(settings: Settings) -> PosterGallery | None:
    """Return where real posters come from, None without a token; ``ConfigError`` for a bad one."""
    token = settings.tmdb_token
    if token is None or not token.get_secret_value().strip():
        return None
    return PosterGallery.open(token, settings.posters_dir)


async def find_poster(gallery: PosterGallery | None, tmdb_id: int | None, accept: str | None) -> Sight:
    """Return the real poster of a film if it is at hand and the caller takes it; never waits for TMDB."""
    if gallery is None or not takes_photos(accept):
        return _ARTWORK
    return await run_in_threadpool(gallery.find, tmdb_id)


def takes_photos(accept: str | None) -> bool:
    """Say whether a caller names images of any kind, as browsers do; ``*/*`` means what the address says."""
    named = {part.partition(";")[0].strip().lower() for part in (accept or "").split(",")}
    return "image/*" in named or {"image/jpeg", "image/png"} <= named


async def get_gallery(request: Request) -> PosterGallery | None:
    """Return the gallery of the running app."""
    gallery = request.app.state.gallery
    assert gallery is None or isinstance(gallery, PosterGallery)  # noqa: S101 - set by create_app
    return gallery


GalleryDep = Annotated[PosterGallery | None, Depends(get_gallery)]
