from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browsed import browsed_api, browsed_home, browsed_url, chromium, window
from browser_fixtures import app_url, page
from fake_api import FakeApi
from streamlit.testing.v1 import AppTest

from ui import marking
from ui.api_client import ApiClient

APP = Path(__file__).resolve().parents[2] / "ui" / "streamlit_app.py"
__all__ = ["app_url", "browsed_api", "browsed_home", "browsed_url", "chromium", "page", "window"]
OpenApp = Callable[..., AppTest]


@pytest.fixture
def fake_api() -> Iterator[FakeApi]:
    with FakeApi() as api:
        yield api


@pytest.fixture
def client(fake_api: FakeApi) -> ApiClient:
    return ApiClient(fake_api.url, backoff_seconds=0.0)


@pytest.fixture
def open_app(fake_api: FakeApi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> OpenApp:
    """Return a function that opens the app as a fresh browser session would."""
    monkeypatch.setenv("MOVIEREC_API_URL", fake_api.url)
    monkeypatch.delenv("MOVIEREC_API_PUBLIC_URL", raising=False)
    monkeypatch.delenv("MOVIEREC_API_KEY", raising=False)
    monkeypatch.setenv("MOVIEREC_HOME", str(tmp_path))
    # A press ends when the courier has tried once, however slow the machine is.
    monkeypatch.setattr(marking, "PATIENCE_SECONDS", 20.0)

    def open_session(view: str | None = None, **query: str | list[str]) -> AppTest:
        app = AppTest.from_file(str(APP), default_timeout=120)
        app.session_state["client"] = ApiClient(fake_api.url, backoff_seconds=0.0)
        for name, value in query.items():
            app.query_params[name] = value
        if view is not None:
            app.switch_page(f"views/{view}.py")
            for name, value in query.items():
                app.query_params[name] = value
        return app.run()

    return open_session
