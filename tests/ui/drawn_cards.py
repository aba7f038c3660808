"""What a page and its film cards say, and presses on them, for AppTest, which runs no browser."""

from __future__ import annotations

import json
from typing import Any

from streamlit.testing.v1 import AppTest

__all__ = [
    "find_card",
    "list_heads",
    "press",
    "press_card",
    "press_label",
    "read_cards",
    "read_page",
    "read_texts",
    "shown_ids",
]


def _find(app: AppTest, surface: str) -> Any:
    for element in app.get("bidi_component"):
        if element.proto.id.endswith(tuple(f"-{layout}-{surface}" for layout in ("wall", "rail", "small"))):
            return element.proto
    return None


def _read(proto: Any) -> dict[str, Any]:
    return json.loads(proto.json or proto.mixed.json)


def read_cards(app: AppTest, surface: str = "home") -> list[dict[str, Any]]:
    proto = _find(app, surface)
    return [] if proto is None else _read(proto)["cards"]


def shown_ids(app: AppTest, surface: str = "home") -> list[str]:
    return [card["item_id"] for card in read_cards(app, surface)]


def find_card(app: AppTest, item_id: str, surface: str = "home") -> dict[str, Any]:
    return next(card for card in read_cards(app, surface) if card["item_id"] == item_id)


def list_heads(app: AppTest) -> list[str]:
    drawn = [_read(element.proto) for element in app.get("bidi_component")]
    return [data["head"]["title"] for data in drawn if data["head"]]


def read_texts(app: AppTest) -> list[str]:
    texts = []
    for element in app.get("bidi_component"):
        data = _read(element.proto)
        texts += list((data["head"] or {}).values())[:2]
        for card in data["cards"]:
            texts += [card["name"], card["facts"], (card["match"] or {}).get("text", "")]
            texts += [card["badge"]["text"]] if card["badge"] else []
            texts += [f"{line['lead']} {line['text']} {line['strong']}".strip() for line in card["lines"]]
    return texts


def press_card(app: AppTest, surface: str, action: str, item_id: str = "", on: bool | None = None) -> AppTest:
    """Press as the script in the browser does: a mark that is on is asked to go off."""
    proto = _find(app, surface)
    assert proto is not None, f"no cards are drawn on {surface}"
    data = _read(proto)
    if on is None:
        marks = [card["marks"] for card in data["cards"] if card["item_id"] == item_id]
        on = not (marks and action in (marks[0] or ()))
    presses = [{"n": data["done"] + 1, "item_id": item_id, "action": action, "on": on}]
    states = app._tree.get_widget_states()
    state = states.widgets.add()
    state.id = proto.id
    state.json_value = json.dumps({"presses": presses})
    return app._run(states)


def read_page(app: AppTest) -> str:
    parts = [*app.markdown, *app.caption, *app.info, *app.warning, *app.error, *app.success, *app.subheader]
    return "\n".join([*(str(part.value) for part in parts), *read_texts(app)])


def press(app: AppTest, key: str) -> AppTest:
    return app.button(key=key).click().run()


def press_label(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label.startswith(label)).click().run()
