"""What a thumb does: it moves cards, is kept, is taken back, and is learnt from."""

from __future__ import annotations

from drawn_cards import find_card, press, press_card, read_page, shown_ids
from fake_api import FakeApi

from ui.components import wall
from ui.text import escape_markdown


def test_like_is_stored_marked_and_moves_cards_with_a_reason(open_app, fake_api: FakeApi) -> None:
    app = open_app(viewer="100")
    liked = shown_ids(app)[9]
    before = shown_ids(app)
    press_card(app, "home", "like", liked)
    assert [(e["action"], e["item_id"], e["user_id"]) for e in fake_api.events] == [("like", liked, "100")]
    assert shown_ids(app).index(liked) < before.index(liked)
    assert find_card(app, liked)["marks"] == ["like"]
    assert "points: you liked it" in read_page(app)
    assert "▲" in read_page(app)
    assert "Re-ranked by 1 thumb" in read_page(app)
    assert len(fake_api.paths("/users/100/sections")) == 1


def test_taking_a_like_back_restores_the_order(open_app, fake_api: FakeApi) -> None:
    app = open_app(viewer="100")
    before = shown_ids(app)
    press_card(app, "home", "like", before[9])
    press_card(app, "home", "like", before[9])
    assert shown_ids(app) == before
    assert fake_api.in_force("100") == []


def test_disliked_card_goes_and_comes_back_by_undo(open_app) -> None:
    app = open_app(viewer="100")
    before = shown_ids(app)
    press_card(app, "home", "dislike", before[2])
    assert before[2] not in shown_ids(app)
    chip = next(b for b in app.button if b.key and b.key.startswith("chip-"))
    chip.click().run()
    assert shown_ids(app) == before


def test_api_order_is_one_press_away_and_shows_everything(open_app) -> None:
    app = open_app(viewer="100")
    before = shown_ids(app)
    press_card(app, "home", "like", before[9])
    press_card(app, "home", "dislike", before[2])
    app.segmented_control(key="order").set_value(wall.API_ORDER).run()
    assert shown_ids(app) == before
    assert "recommender's own order" in read_page(app)


def test_strength_zero_leaves_the_order(open_app) -> None:
    app = open_app(viewer="100")
    before = shown_ids(app)
    app.slider(key="strength").set_value(0.0).run()
    press_card(app, "home", "like", before[9])
    assert shown_ids(app) == before


def test_a_new_session_still_knows_the_like(open_app) -> None:
    app = open_app(viewer="100")
    liked = shown_ids(app)[0]
    name = find_card(app, liked)["name"]
    press_card(app, "home", "like", liked)
    again = open_app(viewer="100")
    chips = [b.label for b in again.button if b.key and b.key.startswith("chip-")]
    assert chips == [f"{escape_markdown(name)} :material/close:"]
    assert "Re-ranked by 1 thumb" in read_page(again)


def test_refresh_shows_the_servers_new_answer(open_app, fake_api: FakeApi) -> None:
    app = open_app(viewer="100")
    liked = shown_ids(app)[4]
    press_card(app, "home", "like", liked)
    assert app.button(key="ask-again").label == "Ask again with 1 new thumb"
    press(app, "ask-again")
    assert len(fake_api.paths("/users/100/sections")) == 2
    page = fake_api.answer("GET", "/users/100/sections", {"k": ["18"]}, None)[1]
    expected = [card["item_id"] for card in page["sections"][0]["items"]][:12]
    assert shown_ids(app) == expected
    assert liked not in expected
    assert "the recommender has counted 1 of your marks" in read_page(app)
    assert app.button(key="ask-again").label == "Ask again"


def test_what_the_new_answer_changed_is_said_film_by_film(open_app) -> None:
    app = open_app(viewer="100")
    before = shown_ids(app)
    press_card(app, "home", "like", before[4])
    press(app, "ask-again")
    after = shown_ids(app)
    assert "learnt from your thumbs" in read_page(app)
    assert "1 film left because you marked them" in read_page(app)
    n_new = len(set(after) - set(before))
    assert read_page(app).count("new since your thumbs") <= n_new
    assert "by the recommender" in read_page(app)


def test_a_like_in_a_row_moves_the_list_above(open_app) -> None:
    app = open_app(viewer="100")
    press_card(app, "row1", "like", shown_ids(app, "row1")[0])
    app.run()
    assert "Re-ranked by 1 thumb" in read_page(app)


def test_a_repeated_press_counts_once_and_an_unknown_film_not_at_all(open_app, fake_api: FakeApi) -> None:
    app = open_app(viewer="100")
    liked = shown_ids(app)[3]
    press_card(app, "home", "like", liked)
    press_card(app, "home", "like", liked, on=True)
    press_card(app, "home", "like", "no such film")
    press_card(app, "home", "delete", liked)
    assert [event["item_id"] for event in fake_api.events] == [liked]
    assert not app.exception
