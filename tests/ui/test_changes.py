from __future__ import annotations

from ui.changes import compare
from ui.models import Pick


def make_pick(item_id: str) -> Pick:
    return Pick(item_id, item_id, None, (), None, "/p.svg", 1, 0.0, 0.5, (), ())


def picks(ids: str) -> list[Pick]:
    return [make_pick(item_id) for item_id in ids]


def test_two_answers_side_by_side() -> None:
    changes = compare(picks("abcde"), picks("cbfga"), marked={"e"})
    assert [pick.item_id for pick in changes.new] == ["f", "g"]
    assert [pick.item_id for pick in changes.gone] == ["d"]
    assert [pick.item_id for pick in changes.answered] == ["e"]
    assert changes.moved == {"c": 2, "b": 0, "a": -4}
    assert changes.n_moved == 2
    assert [changes.find(item_id) for item_id in "cbaf"] == [2, "stayed", -4, "new"]


def test_equal_answers_change_nothing() -> None:
    changes = compare(picks("abc"), picks("abc"))
    assert (changes.new, changes.gone, changes.answered) == ((), (), ())
    assert changes.n_moved == 0
