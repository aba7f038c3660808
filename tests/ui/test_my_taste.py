from __future__ import annotations

from fake_api import FakeApi
from fake_films import FILMS
from streamlit.testing.v1 import AppTest
from test_views import texts

FILE = "Date,Name,Year,Letterboxd URI,Rating\n" + "".join(
    f"2021-01-01,{FILMS[row]['title']},{FILMS[row]['year']},https://boxd.it/{row},4.5\n" for row in (0, 1, 2)
)
UNKNOWN = "2021-01-01,Nowhere to Be Found,1999,https://boxd.it/x,3\n"


def turn_to(app: AppTest, part: str) -> AppTest:
    return app.segmented_control(key="part").set_value(part).run()


def upload(app: AppTest, text: str) -> AppTest:
    app.file_uploader[0].set_value(("ratings.csv", text.encode(), "text/csv"))
    return app.run()


def actions(fake_api: FakeApi) -> list[str]:
    return [event["action"] for event in fake_api.events]


def test_profile_and_timeline(open_app) -> None:
    app = open_app("taste", viewer="100")
    assert not app.exception
    assert [metric.value for metric in app.metric] == ["20", "20", "3.7 of 5"]
    assert len(app.get("vega_lite_chart") or app.get("arrow_vega_lite_chart")) == 3
    turn_to(app, "Over time")
    assert "- **Ada Quill** " in texts(app)
    assert "2 periods of one year each" in texts(app)
    charts = app.get("vega_lite_chart") or app.get("arrow_vega_lite_chart")
    assert len(charts) == 3
    assert "2019: Crime 75%, War 25%" in str(charts[0].proto)


def test_a_guest_has_a_taste_page_from_their_marks(open_app, fake_api: FakeApi) -> None:
    app = open_app("taste", viewer="guest-1")
    assert "Nothing liked yet" in texts(app)
    app = open_app("title", viewer="guest-1", movie="2")
    app.button(key="like-title-2").click().run()
    app.switch_page("views/taste.py").run()
    assert [metric.value for metric in app.metric][:2] == ["1", "1"]
    # Bars of directors would all be alike.
    assert len(app.get("vega_lite_chart") or app.get("arrow_vega_lite_chart")) == 2
    assert "Nobody more than once among 1 liked title" in texts(app)
    assert "Ada Quill" in texts(app)


def test_history_is_paged(open_app, fake_api: FakeApi) -> None:
    app = turn_to(open_app("taste", viewer="100"), "History")
    assert "1 to 24 of 30 titles" in texts(app)
    app.get("pagination")[0].set_value(2).run()
    assert "25 to 30 of 30 titles" in texts(app)
    assert fake_api.queries("/viewers/100/history")[-1]["offset"] == ["24"]


def test_saved_films_and_the_log_with_undo(open_app, fake_api: FakeApi) -> None:
    app = open_app("title", viewer="100", movie="2")
    app.button(key="save-title-2").click().run()
    app.button(key="like-title-2").click().run()
    app.switch_page("views/taste.py").run()
    turn_to(app, "Saved and thumbs")
    told = texts(app)
    for words in ("**Saved** :gray[1]", "**Liked** :gray[1]", "**Everything you said** :gray[2]"):
        assert words in told
    like = next(event for event in fake_api.events if event["action"] == "like")
    app.button(key=f"take-back-{like['event_id']}").click().run()
    assert actions(fake_api) == ["save", "like", "undo"]
    assert "**Liked** :gray[0]" in texts(app)
    assert "no longer counts" in texts(app)


def test_an_import_is_shown_before_it_is_done_and_done_once(open_app, fake_api: FakeApi) -> None:
    app = turn_to(open_app("taste", viewer="100"), "Your data")
    upload(app, FILE + UNKNOWN)
    assert "3 films found here, 1 row left out" in texts(app)
    assert fake_api.events == []
    button = app.button(key="import")
    assert button.label == "Import 3 ratings"
    button.click().run()
    assert actions(fake_api) == ["rate"] * 3
    assert "3 ratings imported" in "\n".join(str(each.value) for each in app.success)
    upload(app, FILE)
    assert "3 imported already" in texts(app)
    assert app.button(key="import").disabled
    turn_to(app, "History")
    assert "1 to 24 of 33 titles" in texts(app)
    assert "4.5 ★ · Nov 2026 · imported" in texts(app)


def test_a_file_of_several_users_asks_which(open_app, fake_api: FakeApi) -> None:
    rows = "".join(f"{user},{FILMS[row]['title']},4\n" for user, row in ((7, 0), (8, 1), (8, 2)))
    app = turn_to(open_app("taste", viewer="100"), "Your data")
    upload(app, "userId,Name,Rating\n" + rows)
    assert not [button for button in app.button if button.key == "import"]
    chosen = app.selectbox(key="import_user")
    assert list(chosen.options) == ["User 8 · 2 ratings", "User 7 · 1 rating"]
    chosen.set_value("8").run()
    assert app.button(key="import").label == "Import 2 ratings"


def test_a_file_that_cannot_be_read_says_why(open_app) -> None:
    app = turn_to(open_app("taste", viewer="100"), "Your data")
    upload(app, "a,b\n1,2\n")
    assert "lacks the column rating" in texts(app)
    assert not app.exception


def test_export_offers_both_forms_once_something_was_said(open_app) -> None:
    app = open_app("title", viewer="100", movie="2")
    app.switch_page("views/taste.py").run()
    turn_to(app, "Your data")
    assert "there is nothing to save" in texts(app)
    app.switch_page("views/title.py")
    app.query_params["movie"] = "2"
    app.run()
    app.button(key="like-title-2").click().run()
    app.switch_page("views/taste.py").run()
    turn_to(app, "Your data")
    assert [button.label for button in app.get("download_button")] == ["Download CSV", "Download JSON"]


def test_deleting_takes_everything_and_the_marks_are_gone(open_app, fake_api: FakeApi) -> None:
    app = open_app("title", viewer="100", movie="2")
    app.button(key="like-title-2").click().run()
    app.switch_page("views/taste.py").run()
    turn_to(app, "Your data")
    upload(app, FILE)
    app.button(key="import").click().run()
    app.button(key="erase-imports").click().run()
    assert actions(fake_api) == ["like"]
    app.button(key="erase-all").click().run()
    assert fake_api.events == []
    turn_to(app, "Saved and thumbs")
    assert "**Liked** :gray[0]" in texts(app)
    assert "No feedback yet" in texts(app)


def test_every_part_survives_an_api_that_goes_away(open_app, fake_api: FakeApi) -> None:
    for part in ("Profile", "Over time", "History", "Saved and thumbs", "Your data"):
        fake_api.down = False
        app = open_app("taste", viewer="100")
        fake_api.down = True
        turn_to(app, part)
        assert not app.exception, part
