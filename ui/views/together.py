"""Watch together: a list that is fair to everybody who watches."""

from __future__ import annotations

import re
from typing import Final

import streamlit as st

from ui.answers import load_genres, load_viewers
from ui.api_client import ApiRefused
from ui.components.cards import Line, make_card, show_cards
from ui.components.notices import plain_errors, show_feedback_state
from ui.connection import get_client
from ui.groups import MAX_MEMBERS, MIN_MEMBERS, Balance, GroupList, GroupPick, recommend_together
from ui.marking import get_book, send_waiting
from ui.memory import read_state, remember
from ui.session import Person
from ui.text import count_things, escape_markdown, format_match

N_FILMS: Final = 24
FAIRNESS: Final = {"Best on average": 0.0, "Balanced": 0.5, "Nobody left out": 1.0}
_MEMBER: Final = re.compile(r"members\.(\d+)\.viewer")


def render() -> None:
    """Draw the page of a group."""
    person: Person = st.session_state["shown_person"]
    st.title("Watch together", anchor=False)
    st.caption(
        "Choose who is watching. The list holds films nobody in the group has seen or hidden, "
        "and every card shows what each person would make of it."
    )
    with plain_errors("together"):
        members = _choose_members(person)
        care = _choose_fairness()
        send_waiting(person)
        show_feedback_state(get_book(person), st.session_state.pop("feedback_problem", None))
        if len(members) < MIN_MEMBERS:
            st.info("Choose at least two viewers to get a list.", icon=":material/group_add:")
            return
        made = _load(person, members, care)
        if made is not None:
            _show_balance(person, made)
            _show_wall(person, made)
    if notice := st.session_state.pop("notice", None):
        st.toast(notice)


def name_member(person: Person, viewer: str) -> str:
    """Return what a member is called on the page, as plain text."""
    if viewer == person.user_id:
        return "You"
    return "A new viewer" if viewer.startswith("guest-") else f"Viewer {viewer}"


def _choose_members(person: Person) -> tuple[str, ...]:
    names = {person.user_id: f"{name_member(person, person.user_id)} (viewer {person.user_id})"}
    if person.is_guest:
        names[person.user_id] = "You (new viewer)"
    for viewer in load_viewers().users:
        genres = ", ".join(viewer.top_genres[:2])
        names.setdefault(viewer.user_id, f"Viewer {viewer.user_id}" + (f" · {genres}" if genres else ""))
    key = f"members-{person.user_id}"
    if key not in st.session_state:
        asked = [viewer[:64] for viewer in st.query_params.get_all("with") if viewer.strip()]
        st.session_state[key] = list(dict.fromkeys([person.user_id, *asked]))[:MAX_MEMBERS]
    for viewer in st.session_state[key]:
        names.setdefault(viewer, f"Viewer {viewer}")
    chosen = st.multiselect(
        "Who is watching?",
        list(names),
        key=key,
        format_func=lambda viewer: names.get(viewer, f"Viewer {viewer}"),
        max_selections=MAX_MEMBERS,
        accept_new_options=True,
        filter_mode="contains",
        placeholder="Add a viewer, or type an id",
        persist_state="session",
    )
    members = tuple(dict.fromkeys(str(viewer).strip().removeprefix("Viewer ") for viewer in chosen))
    others = [viewer for viewer in members if viewer != person.user_id]
    if st.query_params.get_all("with") != others:
        st.query_params["with"] = others
    return members


def _choose_fairness() -> float:
    choice = st.segmented_control(
        "Fairness",
        list(FAIRNESS),
        default="Balanced",
        required=True,
        key="fairness",
        persist_state="session",
        help=(
            "“Best on average” serves the group as a whole. “Nobody left out” puts first what the person "
            "who gets least would still enjoy most. “Balanced” weighs both equally."
        ),
    )
    return FAIRNESS[choice or "Balanced"]


def _load(person: Person, members: tuple[str, ...], care: float) -> GroupList | None:
    # Links may be old or mistyped: a genre this catalogue lacks must not cost the whole list.
    known = set(load_genres())
    genres = {person.user_id: [genre for genre in person.favourite_genres if genre in known]}
    try:
        with st.spinner("Comparing tastes", show_time=False):
            return remember(
                "together",
                (members, care, read_state(person)),
                lambda: recommend_together(get_client(), members, N_FILMS, care, genres),
            )
    except ApiRefused as error:
        st.error(escape_markdown(_explain_refusal(person, members, str(error))), icon=":material/block:")
        return None


def _explain_refusal(person: Person, members: tuple[str, ...], message: str) -> str:
    found = _MEMBER.search(message)
    if found is None or int(found[1]) >= len(members):
        return message
    viewer = members[int(found[1])]
    if viewer == person.user_id:
        return "Nothing is known of you yet: like a film or choose favourite genres on the home page first."
    return f"There is no viewer {viewer}. Remove them above, or check the id."


def _show_balance(person: Person, made: GroupList) -> None:
    if made.note:
        st.info(escape_markdown(made.note), icon=":material/info:")
    if not made.items:
        return
    st.subheader("How fair is it?", anchor=False)
    with st.container(horizontal=True, key="balance"):
        for share in made.balance:
            _show_share(person, share, len(made.items))
    st.caption(
        "Mean match of the list for each person. "
        f"{count_things(len(made.items), 'film')} out of {made.n_considered:,} that would be offered to at "
        "least one of you. The order blends the group's average with whoever gets least."
    )


def _show_share(person: Person, share: Balance, n_items: int) -> None:
    st.metric(
        escape_markdown(name_member(person, share.viewer)),
        format_match(share.mean_match),
        help=(
            "Mean match over the list: the estimated chance of liking one of these films. "
            f"In {share.n_least} of {n_items} this person gets the least of the group."
        ),
        border=True,
        width=170,
    )


def _show_wall(person: Person, made: GroupList) -> None:
    book = get_book(person)
    cards = [
        make_card(
            pick,
            book,
            [*_describe_members(person, pick), Line(_explain(person, pick), "quiet")],
            place=pick.rank,
        )
        for pick in made.items
    ]
    show_cards(person, "together", "wall", made.items, cards)


def _describe_members(person: Person, pick: GroupPick) -> list[Line]:
    note = "The estimated chance that each person likes the film. It is not a star rating."
    return [
        Line(name_member(person, member.viewer), strong=format_match(member.match), note=note)
        for member in pick.members
    ]


def _explain(person: Person, pick: GroupPick) -> str:
    """Return whom the film suits best and why, as plain text."""
    name = "you" if pick.happiest == person.user_id else name_member(person, pick.happiest)
    reason = pick.reasons[0] if pick.reasons else None
    if reason is not None and reason.because:
        cause = reason.because[0].title
        return f"Best for you, who liked {cause}" if name == "you" else f"Best for {name}, who liked {cause}"
    return f"Best for {name}"


if __name__ == "__main__":
    render()
