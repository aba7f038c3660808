"""The HTML page around the app: Streamlit's own, with the style sheet in it from the first byte.

Streamlit has no place for a style sheet but an element of the page, which arrives with the first run of the
script: until then everything stands unstyled, and moves when the style comes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STYLE: Final = Path(__file__).parent / "assets" / "style.css"
LATE_PARTS: Final = ("Selectbox", "Button", "ButtonGroup", "BidiComponent")
"""Parts of Streamlit's front end on every home page, which it would ask for one after the other, and late."""
FONTS: Final = ("MaterialSymbols-Rounded", "SourceSerifVariable-Roman")

_IMPORT: Final = re.compile(r"""\b(?:from|import)\s*["']\./([\w.-]+\.js)["']""")


class PageFrame:
    """Passes every answer on; the HTML page with ``rewrite`` applied to it."""

    def __init__(self, app: ASGIApp, rewrite: Callable[[str], str]) -> None:
        self.app = app
        self.rewrite = rewrite

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if not _asks_for_page(scope):
            await self.app(scope, receive, send)
            return
        start: Message = {}
        body = bytearray()

        async def send_rewritten(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                if not _is_page(message):
                    await send(message)
                return
            if not _is_page(start):
                await send(message)
                return
            body.extend(message.get("body", b""))
            if message.get("more_body", False):
                return
            content = self.rewrite(body.decode()).encode()
            headers = MutableHeaders(raw=start["headers"])
            headers["content-length"] = str(len(content))
            # They name the page as it was before, which a browser would then take for this one.
            for name in ("etag", "last-modified"):
                del headers[name]
            await send(start)
            await send({"type": "http.response.body", "body": content})

        # A packed page could not be read here.
        headers = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        await self.app({**scope, "headers": headers}, receive, send_rewritten)


def dress_page(page: str, style: str, links: Sequence[str]) -> str:
    """Return Streamlit's page with our name, the style sheet and ``links`` in it.

    The style stands at the end of the body, after all that Streamlit puts into the head, so that it wins
    where both say the same of the same.
    """
    # One that the page names already is asked for anyway.
    head = "".join(link for link in links if link.split('href="')[1] not in page)
    return page.replace("<title>Streamlit</title>", f"<title>MovieRec</title>{head}").replace(
        "</body>", f"<style>{style}</style></body>"
    )


def list_links(static: Path) -> tuple[str, ...]:
    """Return a link for every script and font of Streamlit that a home page waits for."""
    scripts = (
        f'<link rel="modulepreload" crossorigin href="./static/js/{name}">'
        for name in find_scripts(static / "js")
    )
    fonts = (
        f'<link rel="preload" as="font" type="font/woff2" crossorigin href="./static/media/{path.name}">'
        for name in FONTS
        for path in sorted((static / "media").glob(f"{name}.*.woff2"))
    )
    return (*scripts, *fonts)


def find_scripts(folder: Path, parts: Sequence[str] = LATE_PARTS) -> tuple[str, ...]:
    """Return the scripts of these parts and all they import; a version of Streamlit may lack some."""
    waiting = [path.name for name in parts for path in sorted(folder.glob(f"{name}.*.js"))]
    found: dict[str, None] = {}
    while waiting:
        name = waiting.pop()
        if name not in found and (folder / name).is_file():
            found[name] = None
            waiting += _IMPORT.findall((folder / name).read_text("utf-8"))
    return tuple(found)


def _asks_for_page(scope: Scope) -> bool:
    return (
        scope["type"] == "http"
        and scope["method"] == "GET"
        and "text/html" in Headers(scope=scope).get("accept", "")
    )


def _is_page(start: Message) -> bool:
    return Headers(raw=start["headers"]).get("content-type", "").startswith("text/html")
