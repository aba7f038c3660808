"""My taste: what a viewer likes and liked, what they did and said, and their data in and out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from ui.charts import draw_shares
from ui.components.diary import show_history, show_log, show_saved_and_thumbs
from ui.components.exchange import show_deletion, show_export, show_import
from ui.components.notices import plain_errors, show_feedback_state
from ui.connection import get_client
from ui.marking import get_book, send_waiting
from ui.memory import read_state, remember
from ui.models import Share
from ui.session import Person
from ui.taste_charts import draw_genre_timeline, draw_rating_timeline, draw_year_timeline
from ui.text import count_things, escape_markdown
from ui.viewers import Profile, Timeline, load_profile

PROFILE: Final = "Profile"
OVER_TIME: Final = "Over time"
HISTORY: Final = "History"
MARKS: Final = "Saved and thumbs"
DATA: Final = "Your data"
SECTIONS: Final = (PROFILE, OVER_TIME, HISTORY, MARKS, DATA)
_LENGTHS: Final = {1: "month", 3: "quarter", 12: "year", 60: "five years"}


def render() -> None:
    """Draw the taste page."""
    person: Person = st.session_state["shown_person"]
    st.title("My taste", anchor=False)
    section = st.segmented_control(
        "Part of the page",
        SECTIONS,
        default=PROFILE,
        required=True,
        key="part",
        label_visibility="collapsed",
        wrap=False,
        bind="query-params",
    )
    send_waiting(person)
    show_feedback_state(get_book(person), st.session_state.pop("feedback_problem", None))
    with plain_errors("taste"):
        _show_section(person, section or PROFILE)
    if notice := st.session_state.pop("notice", None):
        st.toast(notice)


def _show_section(person: Person, section: str) -> None:
    if section in (PROFILE, OVER_TIME):
        client = get_client()
        profile = remember("profile", read_state(person), lambda: load_profile(client, person.user_id))
        _show_figures(profile)
        if not profile.n_liked:
            st.info(
                "Nothing liked yet, so there is no taste to draw. Like a few films on the home page, or "
                "bring your ratings under “Your data”.",
                icon=":material/info:",
            )
        elif section == PROFILE:
            _show_profile(profile)
        else:
            _show_timeline(profile)
    elif section == HISTORY:
        show_history(person)
    elif section == MARKS:
        show_saved_and_thumbs(person)
        show_log(person)
    else:
        show_import(person)
        st.divider()
        show_export(person)
        st.divider()
        show_deletion(person)


def _show_figures(profile: Profile) -> None:
    with st.container(horizontal=True, key="figures"):
        st.metric(
            "Titles",
            f"{profile.n_events:,}",
            help="Everything watched, rated, liked or hidden; saved films do not count.",
            width=140,
        )
        st.metric(
            "Liked",
            f"{profile.n_liked:,}",
            help="Rated 4 stars or more, or liked in this app. The charts rest on these.",
            width=140,
        )
        mean = "none" if profile.mean_rating is None else f"{profile.mean_rating:.1f} of 5"
        st.metric("Mean rating", mean, help="A like counts as 5 stars, “not for me” as 1.", width=160)


def _show_profile(profile: Profile) -> None:
    st.caption("Bars: share of what this viewer liked. Tick: the same for everybody.")
    groups = (("Genres", profile.genres), ("Eras", profile.eras), ("Directors", profile.directors))
    for column, (title, shares) in zip(st.columns(3, gap="medium"), groups, strict=True):
        with column:
            if title == "Directors" and shares and not has_favourite(shares, profile.n_liked):
                st.markdown(f"**{title}**")
                st.caption(f"Nobody more than once among {count_things(profile.n_liked, 'liked title')}.")
                st.markdown("  \n".join(escape_markdown(share.name) for share in shares[:8]))
                continue
            draw_shares(shares, title, n_max=8)


def has_favourite(shares: Sequence[Share], n_liked: int) -> bool:
    """Return whether anybody stands for more than one liked title; otherwise all bars are alike."""
    return max(share.share for share in shares) * n_liked > 1.5


def _show_timeline(profile: Profile) -> None:
    timeline = profile.timeline
    length = _LENGTHS.get(timeline.months, f"{timeline.months} months")
    st.caption(
        f"{count_things(len(timeline.periods), 'period')} of one {length} each, by the day a title was "
        "watched or rated. A film of several genres counts for each in equal parts."
    )
    st.markdown("**Genres of what you liked**")
    draw_genre_timeline(timeline)
    if len(timeline.periods) == 1:
        st.caption("Everything falls into one period, so there is nothing to compare it with yet.")
        return
    ratings, years = st.columns(2, gap="medium")
    with ratings:
        st.markdown("**How you rated**")
        st.caption("Mean rating of each period; the larger the point, the more titles.")
        draw_rating_timeline(timeline)
    with years:
        st.markdown("**How old your films are**")
        st.caption("Median release year of the titles you liked.")
        draw_year_timeline(timeline)
    st.markdown("**Directors you liked most**")
    st.caption("Whom you liked two titles or more of in one period, and when.")
    st.markdown(list_directors(timeline) or "No director twice in one period.")


def list_directors(timeline: Timeline) -> str:
    """Return each period's most liked director with all periods they led, first come first, as Markdown."""
    led: dict[str, list[str]] = {}
    for period in timeline.periods:
        if period.director:
            led.setdefault(period.director, []).append(period.name)
    return "\n".join(
        f"- **{escape_markdown(director)}** {escape_markdown(', '.join(names))}"
        for director, names in led.items()
    )


if __name__ == "__main__":
    render()
