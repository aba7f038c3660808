"""A viewer's data in and out: import, export, deletion."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from functools import partial
from typing import Final, Literal

import streamlit as st

from ui.answers import load_health
from ui.api_client import ApiRefused, ApiUnavailable
from ui.connection import get_client
from ui.marking import forget_feedback
from ui.memory import note_change, read_state, remember
from ui.session import Person
from ui.text import count_things, escape_markdown, name_movie
from ui.viewers import (
    ImportReport,
    MatchedRow,
    RejectedRow,
    erase_feedback,
    export_feedback,
    import_ratings,
    load_log,
)

N_SHOWN: Final = 5
MAX_MEGABYTES: Final = 4
_FORMATS: Final = {
    "letterboxd": "a Letterboxd file",
    "movielens": "a MovieLens file",
    "other": "a file of ratings",
}
_FORMS: Final[tuple[tuple[Literal["csv", "json"], str], ...]] = (
    ("csv", "text/csv"),
    ("json", "application/json"),
)
_UPLOAD: Final = "ratings_file"


def show_import(person: Person) -> None:
    """Draw the upload, what the file would do, and the button that does it."""
    st.markdown("**Bring your ratings**")
    st.caption(
        "A CSV file from Letterboxd (ratings.csv: Date, Name, Year, Letterboxd URI, Rating) or in MovieLens "
        "form (userId, movieId, rating, timestamp). Nothing is stored before you say so."
    )
    generation = st.session_state.get("uploads", 0)
    file = st.file_uploader(
        "File of ratings (CSV)",
        type=["csv"],
        key=f"{_UPLOAD}-{generation}",
        max_upload_size=MAX_MEGABYTES,
    )
    done = st.session_state.get("import_done")
    if file is None:
        if done is not None and done[0] == person.user_id:
            _show_done(done[1])
        return
    data = file.getvalue()
    try:
        _show_plan(person, file.name, data)
    except ApiRefused as error:
        st.error(f"{escape_markdown(str(error))}", icon=":material/block:")


def show_export(person: Person) -> None:
    """Draw the buttons that save everything the viewer said."""
    st.markdown("**Take it with you**")
    client = get_client()
    state = read_state(person)
    total = remember("n_log", state, lambda: load_log(client, person.user_id, 1, 0)).total
    if not total:
        st.caption("You have said nothing yet, so there is nothing to save.")
        return
    st.caption(f"{count_things(total, 'event')}: thumbs, saves, imported ratings, and what you took back.")
    with st.container(horizontal=True, key="exports"):
        for form, mime in _FORMS:
            content = remember(
                f"export-{form}", state, partial(export_feedback, client, person.user_id, form)
            )
            st.download_button(
                f"Download {form.upper()}",
                content,
                file_name=f"movierec-feedback-{person.user_id}.{form}",
                mime=mime,
                key=f"export-{form}",
                icon=":material/download:",
                on_click="ignore",
            )


def show_deletion(person: Person) -> None:
    """Draw the ways to delete feedback, each behind a second press."""
    st.markdown("**Delete my feedback**")
    st.caption(
        "Removes your events from the database for good, not only from view. "
        "The ratings that came with the data set stay."
    )
    with st.container(horizontal=True, key="deletions"):
        with st.popover("Delete imported ratings", icon=":material/playlist_remove:"):
            st.markdown("All imported ratings go. Thumbs and saves stay.")
            st.button(
                "Yes, delete the imported ratings",
                key="erase-imports",
                on_click=_erase,
                args=(person, "imports"),
            )
        with st.popover("Delete everything I said", icon=":material/delete_forever:"):
            st.markdown(
                "Thumbs, saves, imported ratings and what you took back: all of it. There is no way back."
            )
            st.button(
                "Yes, delete everything",
                key="erase-all",
                type="primary",
                on_click=_erase,
                args=(person, "all"),
            )


def _show_plan(person: Person, name: str, data: bytes) -> None:
    client = get_client()
    asked = remember(
        "import_users",
        (person.user_id, hash(data), name),
        lambda: import_ratings(client, person.user_id, data, None, dry_run=True),
    )
    user = None
    if len(asked.users) > 1:
        user = st.selectbox(
            "The file holds several users. Which one are you?",
            sorted(asked.users, key=lambda each: -asked.users[each]),
            index=None,
            key="import_user",
            format_func=lambda each: f"User {each} · {count_things(asked.users[each], 'rating')}",
            placeholder="Choose a user",
        )
        if user is None:
            return
    plan = remember(
        "import_plan",
        (read_state(person), hash(data), name, user),
        lambda: import_ratings(client, person.user_id, data, user, dry_run=True),
    )
    _describe_plan(plan)
    st.button(
        f"Import {count_things(plan.new, 'rating')}",
        key="import",
        type="primary",
        icon=":material/upload:",
        disabled=not plan.new,
        on_click=_import,
        args=(person, data, user),
    )
    _show_rejected(plan.rejected)


def _describe_plan(plan: ImportReport) -> None:
    parts = [f"{count_things(plan.n_matched, 'film')} found here"]
    if plan.unchanged:
        parts.append(f"{plan.unchanged:,} imported already")
    if plan.kept_thumbs:
        parts.append(f"{plan.kept_thumbs:,} keep the thumb you gave in the app")
    if plan.rejected:
        parts.append(f"{count_things(len(plan.rejected), 'row')} left out")
    st.markdown(f"This is {_FORMATS[plan.format]}: {', '.join(parts)}.")
    if plan.matched:
        st.caption("For example: " + "; ".join(_describe_match(row) for row in plan.matched[:N_SHOWN]))
    if plan.n_by_id:
        dataset = escape_markdown(load_health().dataset)
        st.warning(
            f"{count_things(plan.n_by_id, 'film')} matched by id alone. That is right only if the file "
            f"belongs to the data set shown here ({dataset}): check the examples.",
            icon=":material/tag:",
        )


def _describe_match(row: MatchedRow) -> str:
    film = escape_markdown(name_movie(row.item))
    named = f"{escape_markdown(row.name)} → {film}" if row.by == "id" else film
    return f"{named} ({row.rating:g} ★)"


def _show_rejected(rejected: Sequence[RejectedRow]) -> None:
    if not rejected:
        return
    with st.expander(f"{count_things(len(rejected), 'row')} left out, and why"):
        st.dataframe(
            {
                "Line": [row.line for row in rejected],
                "Film": [row.name for row in rejected],
                "Why": [row.reason for row in rejected],
            },
            hide_index=True,
            width="stretch",
        )
        st.download_button(
            "Download these rows",
            _write_rejected(rejected),
            file_name="rows-left-out.csv",
            mime="text/csv",
            key="download-rejected",
            icon=":material/download:",
            on_click="ignore",
        )


def _show_done(report: ImportReport) -> None:
    st.success(
        f"{count_things(report.stored, 'rating')} imported. They count from now on: your profile, history "
        "and next list have learnt from them.",
        icon=":material/check_circle:",
    )
    _show_rejected(report.rejected)


def _import(person: Person, data: bytes, user: str | None) -> None:
    try:
        report = import_ratings(get_client(), person.user_id, data, user, dry_run=False)
    except (ApiUnavailable, ApiRefused) as error:
        st.session_state["feedback_problem"] = str(error)
        return
    st.session_state["import_done"] = (person.user_id, report)
    # A new key empties the upload: the file has been dealt with.
    st.session_state["uploads"] = st.session_state.get("uploads", 0) + 1
    st.session_state["notice"] = f"{count_things(report.stored, 'rating')} imported"
    forget_feedback(person)
    note_change()


def _erase(person: Person, only: str) -> None:
    try:
        erased = erase_feedback(get_client(), person.user_id, "imports" if only == "imports" else "all")
    except (ApiUnavailable, ApiRefused) as error:
        st.session_state["feedback_problem"] = str(error)
        return
    st.session_state.pop("import_done", None)
    st.session_state["notice"] = f"{count_things(erased, 'event')} deleted"
    forget_feedback(person, waiting=only == "all")
    note_change()


def _write_rejected(rejected: Sequence[RejectedRow]) -> str:
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(("line", "film", "why"))
    for row in rejected:
        name = f"'{row.name}" if row.name.startswith(("=", "+", "-", "@")) else row.name
        rows.writerow((row.line, name, row.reason))
    return text.getvalue()
