"""Parts of addresses: what stands for an id in a path."""

from __future__ import annotations

from starlette.convertors import Convertor, register_url_convertor


class TextConvertor(Convertor[str]):
    """Any text, slashes and line breaks included, so that a route and not its absence judges an id.

    Starlette's ``path`` stops at a line break: such an id got 404, which says that there is no such page.
    """

    regex = "(?s:.*)"

    def convert(self, value: str) -> str:
        """Return the text as it came."""
        return value

    def to_string(self, value: str) -> str:
        """Return the text as it goes into an address."""
        return value


def register_text() -> None:
    """Make ``{name:text}`` known to the paths of routes."""
    register_url_convertor("text", TextConvertor())
