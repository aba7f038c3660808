"""The same viewer's list by three generations, with what each changes marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from ui.answers import load_health
from ui.api_client import Wishes
from ui.components.choices import choose_length
from ui.differences import ListDifference, Row, compare_lists
from ui.inspection import load_list
from ui.models import Pick
from ui.session import Person
from ui.text import escape_markdown, format_match, format_move, name_generation, name_movie

_SINGLE: Final = "v1-"


def show_generations(person: Person) -> None:
    """Draw V1, V1.5 and V2 side by side; every column marks its changes from the one before."""
    generations = load_health().generations
    singles = [name for name in generations if name.startswith(_SINGLE)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first = st.selectbox(
            "V1 is",
            singles,
            index=singles.index("v1-popularity") if "v1-popularity" in singles else 0,
            format_func=name_generation,
            key="compare_v1",
            persist_state="session",
            width=380,
            help="V1 is one source alone: choose which.",
        )
        k = choose_length("compare_k")
    chosen = [name for name in (first, "v1.5", "v2") if name in generations]
    lists = [load_list(person, Wishes(k=k, generation=name)).items for name in chosen]
    st.caption(
        "Marks compare each list with the one to its left (above it on a phone): "
        ":green[▲] higher, :red[▼] lower, **new** not there before. Match: the modelled chance that this "
        "viewer likes the film if they watch it; lists are ordered by more than that."
    )
    columns = st.columns(len(chosen), gap="medium")
    for place, (column, name, picks) in enumerate(zip(columns, chosen, lists, strict=True)):
        with column:
            st.markdown(f"**{escape_markdown(name_generation(name))}**")
            show_list_difference(lists[place - 1] if place else None, picks, f"gen-{place}")


def show_list_difference(before: Sequence[Pick] | None, after: Sequence[Pick], key: str) -> None:
    """Draw a list as numbered lines, marked with what changed; ``before`` None marks nothing."""
    difference = compare_lists(after if before is None else before, after)
    with st.container(key=f"rows-{key}", gap="xsmall"):
        st.caption("The starting point." if before is None else difference.describe())
        if after:
            st.markdown("\n".join(_describe_row(place, row) for place, row in enumerate(difference.rows, 1)))
        _show_gone(difference)


def _show_gone(difference: ListDifference) -> None:
    if difference.gone:
        titles = ", ".join(escape_markdown(name_movie(pick)) for pick in difference.gone)
        st.caption(f"Gone: {titles}")


def _describe_row(place: int, row: Row) -> str:
    mark = ""
    if row.change == "new":
        mark = " :orange-badge[new]"
    elif row.moved:
        colour = "green" if row.moved > 0 else "red"
        mark = f" :{colour}-badge[{format_move(row.moved)}]"
    facts = f":gray[:small[{format_match(row.pick.match)} match]]"
    return f"{place}. {escape_markdown(name_movie(row.pick))} {facts}{mark}"
