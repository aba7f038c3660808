from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from drawn_cards import find_card, list_heads, press_card, read_cards, read_texts, shown_ids
from fake_api import FakeApi
from fake_films import FILMS, HOSTILE
from streamlit.testing.v1 import AppTest

from ui import connection
from ui.components import notices, wall
from ui.text import escape_markdown


def texts(app: AppTest) -> str:
    parts = [*app.markdown, *app.caption, *app.info, *app.warning, *app.error, *app.success, *app.subheader]
    return "\n".join([*(str(part.value) for part in parts), *read_texts(app)])


def walk(block: Any) -> Iterator[Any]:
    """Yield every element below a block, containers left out."""
    for child in block.children.values():
        if hasattr(child, "children"):
            yield from walk(child)
        else:
            yield child


def wait_until_sent(fake_api: FakeApi) -> None:
    """Return once something is stored, and the courier has taken in that it is."""
    assert fake_api.stored.wait(30.0)
    assert connection._open_courier(fake_api.url).hurry(30.0)


def press(app: AppTest, key: str) -> AppTest:
    return app.button(key=key).click().run()


def press_label(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label.startswith(label)).click().run()


def test_first_visit_shows_the_first_viewer_and_puts_them_into_the_address(open_app) -> None:
    app = open_app()
    assert not app.exception
    assert app.query_params["viewer"] == "100"
    assert app.title[0].value == "For you"
    assert len(shown_ids(app)) == 12
    assert "Simulated audience" in texts(app)
    assert "60 films" in texts(app)


def test_real_data_is_not_called_simulated(open_app, fake_api: FakeApi) -> None:
    fake_api.simulated = False
    assert "Simulated" not in texts(open_app())


def test_deep_link_chooses_the_viewer(open_app, fake_api: FakeApi) -> None:
    app = open_app(viewer="104")
    assert "/users/104/sections" in fake_api.paths()
    assert "From 48 ratings" in texts(app)


def test_unknown_viewer_is_told_plainly(open_app) -> None:
    app = open_app(viewer="nobody*")
    assert "There is no viewer nobody\\*" in texts(app)
    assert not app.exception
    assert not shown_ids(app)


def test_choosing_another_viewer(open_app, fake_api: FakeApi) -> None:
    app = open_app(viewer="100")
    app.selectbox(key="viewer_choice").set_value("103").run()
    assert app.query_params["viewer"] == "103"
    assert "/users/103/sections" in fake_api.paths()


def test_like_is_stored_marked_and_moves_cards_with_a_reason(open_app, fake_api: FakeApi) -> None:
    app = open_app(viewer="100")
    liked = shown_ids(app)[9]
    before = shown_ids(app)
    press_card(app, "home", "like", liked)
    assert [(e["action"], e["item_id"], e["user_id"]) for e in fake_api.events] == [("like", liked, "100")]
    assert shown_ids(app).index(liked) < before.index(liked)
    assert find_card(app, liked)["marks"] == ["like"]
    assert "points: you liked it" in texts(app)
    assert "▲" in texts(app)
    assert "Re-ranked by 1 thumb" in texts(app)
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
    assert "recommender's own order" in texts(app)


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
    assert "Re-ranked by 1 thumb" in texts(again)


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
    assert "the recommender has counted 1 of your marks" in texts(app)
    assert app.button(key="ask-again").label == "Ask again"


def test_what_the_new_answer_changed_is_said_film_by_film(open_app) -> None:
    app = open_app(viewer="100")
    before = shown_ids(app)
    press_card(app, "home", "like", before[4])
    press(app, "ask-again")
    after = shown_ids(app)
    assert "learnt from your thumbs" in texts(app)
    assert "1 film left because you marked them" in texts(app)
    n_new = len(set(after) - set(before))
    assert texts(app).count("new since your thumbs") <= n_new
    assert "by the recommender" in texts(app)


def test_filters_ask_the_api(open_app, fake_api: FakeApi) -> None:
    app = open_app(viewer="100")
    app.multiselect(key="genres").set_value(["Crime"]).run()
    app.slider(key="years").set_value((1980, 2010)).run()
    expected = {
        film["item_id"]
        for section in fake_api.answer(
            "GET",
            "/users/100/sections",
            {"k": ["18"], "only_genres": ["Crime"], "year_from": ["1980"], "year_to": ["2010"]},
            None,
        )[1]["sections"]
        for film in section["items"]
    }
    assert set(shown_ids(app)) == expected
    assert expected


def test_filters_that_fit_nothing_say_so(open_app) -> None:
    app = open_app(viewer="100")
    app.slider(key="years").set_value((1900, 1910)).run()
    assert "No film fits" in texts(app)


def test_load_more_appends_below(open_app) -> None:
    app = open_app(viewer="100")
    before = shown_ids(app)
    press(app, "more")
    assert shown_ids(app)[:12] == before
    assert len(shown_ids(app)) == 24


def test_load_more_ends_where_the_catalogue_does(open_app) -> None:
    app = open_app(viewer="100")
    app.multiselect(key="genres").set_value(["Crime"]).run()
    for _ in range(3):
        if any(button.key == "more" for button in app.button):
            press(app, "more")
    everything = [*shown_ids(app), *(b for n in range(1, 5) for b in shown_ids(app, f"row{n}"))]
    crime = {film["item_id"] for film in FILMS if "Crime" in film["genres"]}
    assert sorted(everything) == sorted(crime)
    assert "That is all there is" in texts(app)


def test_no_film_stands_on_the_page_twice(open_app) -> None:
    app = open_app(viewer="100")
    press(app, "more")
    surfaces = ["home", *(f"row{number}" for number in range(1, 7)), "saved"]
    ids = [item_id for surface in surfaces for item_id in shown_ids(app, surface)]
    assert len(ids) > 40
    assert len(ids) == len(set(ids))


def test_rows_are_named_and_open_up(open_app) -> None:
    app = open_app(viewer="100")
    assert list_heads(app) == [f"Because you liked {HOSTILE}", "Trending now", "Hidden gems"]
    assert len(shown_ids(app, "row1")) == 8
    press_card(app, "row1", "more")
    assert len(shown_ids(app, "row1")) == 10


def test_a_like_in_a_row_moves_the_list_above(open_app) -> None:
    app = open_app(viewer="100")
    press_card(app, "row1", "like", shown_ids(app, "row1")[0])
    app.run()
    assert "Re-ranked by 1 thumb" in texts(app)


def test_a_saved_film_gets_its_own_row_only_where_it_is_not_above(open_app) -> None:
    app = open_app(viewer="100")
    saved = shown_ids(app)[2]
    press_card(app, "home", "save", saved)
    app.run()
    assert saved in shown_ids(app)
    assert "1 more above" in texts(app)
    assert not shown_ids(app, "saved")
    app.toggle(key="hide_saved").set_value(True).run()
    assert saved not in shown_ids(app)
    assert shown_ids(app, "saved") == [saved]
    assert len(shown_ids(app)) == 12


def test_the_mood_is_asked_of_the_api(open_app, fake_api: FakeApi) -> None:
    app = open_app(viewer="100")
    app.selectbox(key="aim").set_value("next").run()
    assert [query["aim"] for query in fake_api.queries("/users/100/sections")] == [["balanced"], ["next"]]


def test_another_generation_is_one_list(open_app, fake_api: FakeApi) -> None:
    app = open_app(viewer="100")
    app.selectbox(key="engine").set_value("v1-als").run()
    assert fake_api.queries("/recommend/user/0")[-1]["generation"] == ["v1-als"]
    assert len(shown_ids(app)) == 12
    assert not list_heads(app)


def test_a_repeated_press_counts_once_and_an_unknown_film_not_at_all(open_app, fake_api: FakeApi) -> None:
    app = open_app(viewer="100")
    liked = shown_ids(app)[3]
    press_card(app, "home", "like", liked)
    press_card(app, "home", "like", liked, on=True)
    press_card(app, "home", "like", "no such film")
    press_card(app, "home", "delete", liked)
    assert [event["item_id"] for event in fake_api.events] == [liked]
    assert not app.exception


def test_pressing_a_title_opens_its_page(open_app) -> None:
    app = open_app(viewer="100")
    item_id = shown_ids(app)[2]
    press_card(app, "home", "open", item_id)
    assert app.query_params["movie"] == item_id
    assert app.query_params["viewer"] == "100"


def test_a_page_is_few_elements_and_two_questions_however_many_films_it_shows(
    open_app, fake_api: FakeApi
) -> None:
    app = open_app(viewer="100")
    asked = [path for path in fake_api.paths() if path not in ("/health", "/genres", "/users")]
    assert sorted(asked) == ["/feedback", "/users/100/sections"]
    assert len(shown_ids(app)) + len(shown_ids(app, "row1")) + len(shown_ids(app, "row2")) > 25
    # Filters and strength stand in closed panels; every element of the page costs the browser milliseconds.
    assert sum(1 for _ in walk(app.main)) < 40
    before = len(fake_api.requests)
    press_card(app, "home", "like", shown_ids(app)[0])
    assert [(method, path) for method, path, _ in fake_api.requests[before:]] == [("POST", "/feedback")]


def test_hostile_title_stays_text(open_app) -> None:
    app = open_app(viewer="100")
    assert HOSTILE in [card["title"] for card in read_cards(app)]
    assert not any(HOSTILE in str(part.value) for part in app.markdown)


def test_recent_taste_is_asked_for_only_when_opened(open_app, fake_api: FakeApi) -> None:
    open_app(viewer="100")
    assert not fake_api.paths("/users/0/taste")


def test_api_down_on_the_first_visit_is_plain_and_recovers(open_app, fake_api: FakeApi) -> None:
    fake_api.down = True
    app = open_app(viewer="100")
    assert not app.exception
    assert "Down for this test" in texts(app)
    fake_api.down = False
    press_label(app, "Try again")
    assert len(shown_ids(app)) == 12


def test_api_down_later_keeps_the_last_list_and_says_so(open_app, fake_api: FakeApi) -> None:
    app = open_app(viewer="100")
    before = shown_ids(app)
    fake_api.down = True
    app.multiselect(key="genres").set_value(["Crime"]).run()
    assert not app.exception
    assert shown_ids(app) == before
    assert "last list that arrived" in texts(app)


def test_a_like_waits_while_the_store_is_away_and_is_sent_once(
    open_app, fake_api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_app(viewer="100")
    monkeypatch.setattr(notices, "GRACE_SECONDS", -1.0)
    fake_api.feedback_down = True
    liked = shown_ids(app)[9]
    press_card(app, "home", "like", liked)
    assert "1 change waiting to be sent" in texts(app)
    assert "you liked it" in texts(app)
    tried = {body["event_id"] for _, path, body in fake_api.requests if path == "/feedback" and body}
    fake_api.feedback_down = False
    wait_until_sent(fake_api)
    app.run()
    assert "waiting" not in texts(app)
    assert {event["event_id"] for event in fake_api.events} == tried
    assert len(fake_api.events) == 1


def test_what_waits_survives_a_closed_tab(open_app, fake_api: FakeApi) -> None:
    app = open_app(viewer="100")
    liked = shown_ids(app)[9]
    fake_api.feedback_down = True
    press_card(app, "home", "like", liked)
    again = open_app(viewer="100")
    assert find_card(again, liked)["marks"] == ["like"]
    fake_api.feedback_down = False
    wait_until_sent(fake_api)
    assert [(event["action"], event["item_id"]) for event in fake_api.events] == [("like", liked)]


def test_a_new_session_shows_the_last_page_while_the_api_is_away(open_app, fake_api: FakeApi) -> None:
    before = shown_ids(open_app(viewer="100"))
    fake_api.down = True
    again = open_app(viewer="100")
    assert shown_ids(again) == before
    assert "last list that arrived" in texts(again)
    again.run()
    assert "last list that arrived" in texts(again)
    assert not again.exception
    fake_api.down = False
    again.run()
    assert shown_ids(again) == before
    assert "last list that arrived" not in texts(again)


def test_nobody_is_shown_the_page_of_somebody_else(open_app, fake_api: FakeApi) -> None:
    open_app(viewer="100")
    fake_api.down = True
    assert not shown_ids(open_app(viewer="101"))


def test_a_refused_like_is_taken_off_and_said(open_app, fake_api: FakeApi) -> None:
    app = open_app(viewer="100")
    fake_api.refuse_feedback = True
    liked = shown_ids(app)[9]
    press_card(app, "home", "like", liked)
    assert "Not stored: Refused for this test" in texts(app)
    assert find_card(app, liked)["marks"] == []


def test_earlier_likes_that_cannot_be_loaded_are_said(open_app, fake_api: FakeApi) -> None:
    fake_api.feedback_down = True
    app = open_app(viewer="100")
    assert "earlier likes cannot be loaded" in texts(app)
    assert len(shown_ids(app)) == 12


def test_new_viewer_is_asked_and_gets_a_list(open_app, fake_api: FakeApi) -> None:
    app = open_app(viewer="100")
    press(app, "new-viewer")
    guest = app.query_params["viewer"]
    assert guest.startswith("guest-")
    assert app.title[0].value == "What do you like?"
    app.button_group(key="onboarding_genres").set_value(["Crime", "War"]).run()
    starter = shown_ids(app, "onboarding")[0]
    first = shown_ids(app, "first")
    assert first, "picks appear with the first answer"
    press_card(app, "onboarding", "like", starter)
    assert shown_ids(app, "first") != first
    assert "1 film chosen" in texts(app)
    press(app, "finish-onboarding")
    assert app.title[0].value == "For you"
    assert len(shown_ids(app)) == 12
    assert fake_api.queries(f"/users/{guest}/sections")[-1]["genres"] == ["Crime", "War"]
    assert [event["user_id"] for event in fake_api.events] == [guest]


def test_a_guest_link_brings_the_guest_back(open_app, fake_api: FakeApi) -> None:
    app = open_app(viewer="guest-abc", likes=["Crime", "War", "Gone"])
    assert app.title[0].value == "For you"
    assert "your genres: Crime, War and Gone" in texts(app)
    assert fake_api.queries("/users/guest-abc/sections")[-1]["genres"] == ["Crime", "War"]


def test_onboarding_can_be_skipped(open_app) -> None:
    app = open_app(viewer="guest-abc")
    press(app, "skip-onboarding")
    assert len(shown_ids(app)) == 12
