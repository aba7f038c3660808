from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ui.differences import compare_lists
from ui.models import Pick

orders = st.lists(st.sampled_from("abcdefgh"), unique=True)


def make_list(ids: str | list[str]) -> list[Pick]:
    return [
        Pick(item_id, item_id.upper(), 2000, (), None, "", place, 1.0, 0.5, (), ())
        for place, item_id in enumerate(ids, start=1)
    ]


def test_marks_worked_out_by_hand() -> None:
    found = compare_lists(make_list("abcd"), make_list("bxa"))
    assert [(row.pick.item_id, row.change, row.moved) for row in found.rows] == [
        ("b", "up", 1),
        ("x", "new", 0),
        ("a", "down", -2),
    ]
    assert [pick.item_id for pick in found.gone] == ["c", "d"]
    assert found.describe() == "2 of 3 films in both lists, 1 new, 2 gone."


def test_words_for_lists_that_hold_the_same_films() -> None:
    assert compare_lists(make_list("ab"), make_list("ab")).describe() == "The same list."
    assert compare_lists(make_list("abc"), make_list("bac")).describe() == "The same films, 2 of them moved."
    assert compare_lists(make_list("a"), []).describe() == "The list is empty."


@given(orders, orders)
def test_moves_lead_from_one_list_to_the_other(before: list[str], after: list[str]) -> None:
    found = compare_lists(make_list(before), make_list(after))
    assert [row.pick.item_id for row in found.rows] == after
    for place, row in enumerate(found.rows):
        if row.change == "new":
            assert row.pick.item_id not in before
        else:
            assert before[place + row.moved] == row.pick.item_id
    assert found.n_kept + found.n_new == len(after)
    assert found.n_kept + len(found.gone) == len(before)
