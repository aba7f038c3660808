from __future__ import annotations

from pathlib import Path

import httpx
import pytest
import streamlit
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from ui.frame import STYLE, PageFrame, dress_page, find_scripts, list_links

STATIC = Path(streamlit.__file__).parent / "static"
PAGE = "<html><head><title>Streamlit</title></head><body><div></div></body></html>"


def show_page(request: Request) -> Response:
    packed = request.headers.get("accept-encoding", "none")
    return HTMLResponse(PAGE, headers={"etag": '"old"', "last-modified": "today", "x-packed": packed})


@pytest.fixture
def client() -> httpx.AsyncClient:
    routes = [
        Route("/", show_page),
        Route("/film", show_page),
        Route("/facts", lambda request: JSONResponse({"page": PAGE}, headers={"etag": '"kept"'})),
    ]
    framed = Starlette(routes=routes, middleware=[Middleware(PageFrame, rewrite=str.upper)])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=framed), base_url="http://test")


@pytest.mark.anyio
async def test_every_page_is_rewritten_and_nothing_else(client: httpx.AsyncClient) -> None:
    browser = {"accept": "text/html,*/*;q=0.8", "accept-encoding": "gzip"}
    for path in ("/", "/film"):
        answer = await client.get(path, headers=browser)
        assert answer.text == PAGE.upper()
        assert answer.headers["content-length"] == str(len(PAGE))
        assert answer.headers["x-packed"] == "none"
        assert not {"etag", "last-modified"} & set(answer.headers)
    facts = await client.get("/facts", headers=browser)
    assert facts.json() == {"page": PAGE}
    assert facts.headers["etag"] == '"kept"'
    assert (await client.get("/", headers={"accept": "application/json"})).text == PAGE
    assert (await client.head("/", headers=browser)).headers["content-length"] == str(len(PAGE))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def test_the_style_comes_last_and_no_link_twice() -> None:
    links = ['<link href="./a.js">', '<link href="./b.js">']
    page = PAGE.replace("</head>", '<link rel="modulepreload" href="./a.js"></head>')
    dressed = dress_page(page, "p { color: red }", links)
    assert dressed.endswith("<style>p { color: red }</style></body></html>")
    assert dressed.count("./a.js") == dressed.count("./b.js") == 1
    assert "<title>MovieRec</title>" in dressed


def test_scripts_are_followed_to_all_they_import(tmp_path: Path) -> None:
    (tmp_path / "Part.1x.js").write_text(
        'import{a}from"./deep.2x.js";import"./side.3x.js";import("./later.4x.js")'
    )
    (tmp_path / "deep.2x.js").write_text('import{b}from"./Part.1x.js";import{c}from"./gone.5x.js"')
    for name in ("side.3x.js", "later.4x.js", "PartOfMore.6x.js"):
        (tmp_path / name).write_text("")
    assert set(find_scripts(tmp_path, ["Part", "Unknown"])) == {"Part.1x.js", "deep.2x.js", "side.3x.js"}


def test_the_installed_streamlit_has_what_is_asked_for_early() -> None:
    """Where a new version renames its parts the page still works, but opens later."""
    page = (STATIC / "index.html").read_text("utf-8")
    links = list_links(STATIC / "static")
    for part in ("BidiComponent.", "Selectbox.", "MaterialSymbols-Rounded."):
        assert any(part in link for link in links)
    dressed = dress_page(page, STYLE.read_text("utf-8"), links)
    assert ".mr-cards" in dressed
    assert "<title>MovieRec</title>" in dressed
