from __future__ import annotations

from pathlib import Path

import pytest
from fake_api import FakeApi

from ui.components import credits
from ui.text import escape_markdown

NOTICE = (
    "This product uses TMDB and the TMDB APIs but is not endorsed, certified, or otherwise approved by TMDB."
)


@pytest.mark.parametrize("view", [None, "title", "tour"])
def test_tmdb_is_named_where_its_posters_are_shown(open_app, fake_api: FakeApi, view: str | None) -> None:
    fake_api.poster_attribution = NOTICE
    app = open_app(view, viewer="100")
    assert not app.exception
    assert sum(escape_markdown(NOTICE) in caption.value for caption in app.caption) == 1


def test_artwork_needs_no_credits(open_app) -> None:
    assert not any("TMDB" in caption.value for caption in open_app(viewer="100").caption)


def test_the_logo_is_shown_where_somebody_put_it(
    open_app, fake_api: FakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_api.poster_attribution = NOTICE
    logo = tmp_path / "tmdb.svg"
    monkeypatch.setattr(credits, "LOGO", logo)
    assert not open_app("title", viewer="100").get("image")
    logo.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="90" height="12"/>')
    assert len(open_app("title", viewer="100").get("image")) == 1
