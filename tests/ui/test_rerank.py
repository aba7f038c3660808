from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.models import Pick
from ui.rerank import MAX_BOOST, Signal, explain_move, rerank

GENRES = ("Crime", "Drama", "Comedy", "Action")
DIRECTORS = (None, "Ada Quill", "Bo Marsh")


def make_pick(
    item_id: str,
    match: float,
    genres: tuple[str, ...] = (),
    director: str | None = None,
    year: int | None = None,
    rank: int = 1,
) -> Pick:
    return Pick(item_id, f"Film {item_id}", year, genres, director, "/p.svg", rank, match, match, (), ())


genre_sets = st.lists(st.sampled_from(GENRES), max_size=3, unique=True).map(tuple)
years = st.none() | st.integers(1950, 2020)
matches = st.floats(0, 1, allow_nan=False)
strengths = st.floats(0, 1, allow_nan=False)


@st.composite
def pick_lists(draw: st.DrawFn) -> list[Pick]:
    rows = draw(
        st.lists(st.tuples(matches, genre_sets, st.sampled_from(DIRECTORS), years), min_size=1, max_size=15)
    )
    return [make_pick(str(i), *row, rank=i + 1) for i, row in enumerate(rows)]


signals = st.builds(
    Signal,
    item_id=st.integers(0, 20).map(str),
    thumb=st.sampled_from(("like", "dislike")),
    genres=genre_sets,
    director=st.sampled_from(DIRECTORS),
    year=years,
)
signal_lists = st.lists(signals, max_size=8)


@given(pick_lists(), signal_lists, strengths)
def test_result_is_a_permutation_with_places_and_moves_that_agree(
    picks: list[Pick], thumbs: list[Signal], strength: float
) -> None:
    placed = rerank(picks, thumbs, strength)
    assert sorted(card.pick.item_id for card in placed) == sorted(pick.item_id for pick in picks)
    assert [card.place for card in placed] == list(range(1, len(picks) + 1))
    for card in placed:
        assert picks[card.place + card.moved - 1] is card.pick
    assert sum(card.moved for card in placed) == 0


@given(pick_lists(), signal_lists)
def test_strength_zero_is_the_identity(picks: list[Pick], thumbs: list[Signal]) -> None:
    placed = rerank(picks, thumbs, 0.0)
    assert [card.pick for card in placed] == picks
    assert all(card.moved == 0 and card.boost == 0.0 and not card.causes for card in placed)


@given(pick_lists(), strengths)
def test_without_signals_any_order_stays(picks: list[Pick], strength: float) -> None:
    assert [card.pick for card in rerank(picks, [], strength)] == picks


@given(pick_lists(), signal_lists, strengths)
def test_boost_is_bounded_by_strength_and_spread(
    picks: list[Pick], thumbs: list[Signal], strength: float
) -> None:
    spread = max(pick.match for pick in picks) - min(pick.match for pick in picks)
    for card in rerank(picks, thumbs, strength):
        assert abs(card.boost) <= strength * MAX_BOOST + 1e-12
        assert abs(card.boost) <= strength * spread + 1e-12
        assert sum(cause.amount for cause in card.causes) == pytest.approx(card.boost, abs=1e-9)


@given(pick_lists(), signal_lists, signals, strengths)
def test_one_more_like_never_lowers_a_boost(
    picks: list[Pick], thumbs: list[Signal], extra: Signal, strength: float
) -> None:
    like = Signal("new", "like", extra.genres, extra.director, extra.year)
    before = {card.pick.item_id: card.boost for card in rerank(picks, thumbs, strength)}
    for card in rerank(picks, [*thumbs, like], strength):
        assert card.boost >= before[card.pick.item_id] - 1e-12


@given(pick_lists(), signal_lists, strengths, strengths)
def test_a_boost_grows_with_strength(
    picks: list[Pick], thumbs: list[Signal], one: float, other: float
) -> None:
    weak, strong = sorted((one, other))
    small = {card.pick.item_id: card.boost for card in rerank(picks, thumbs, weak)}
    for card in rerank(picks, thumbs, strong):
        assert abs(card.boost) >= abs(small[card.pick.item_id]) - 1e-12


@given(pick_lists(), signal_lists, strengths, st.randoms(use_true_random=False))
def test_order_of_different_films_signals_does_not_matter(
    picks: list[Pick], thumbs: list[Signal], strength: float, random: object
) -> None:
    unique = list({thumb.item_id: thumb for thumb in thumbs}.values())
    shuffled = list(unique)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    first, second = rerank(picks, unique, strength), rerank(picks, shuffled, strength)
    assert {c.pick.item_id: pytest.approx(c.boost) for c in first} == {
        c.pick.item_id: c.boost for c in second
    }
    assert rerank(picks, unique, strength) == first


def test_equal_values_keep_their_original_order() -> None:
    picks = [make_pick(str(i), 0.5, ("Crime",)) for i in range(5)]
    assert [card.pick for card in rerank(picks, [Signal("x", "like", ("Crime",), None, None)], 1.0)] == picks


def test_a_like_lifts_what_shares_its_genre_and_says_why() -> None:
    picks = [make_pick("a", 0.9, ("War",)), make_pick("b", 0.6, ("War",)), make_pick("c", 0.55, ("Crime",))]
    thumbs = [Signal("x", "like", ("Crime",), None, None), Signal("y", "like", ("Crime",), None, None)]
    placed = rerank(picks, thumbs, 1.0)
    assert [card.pick.item_id for card in placed] == ["a", "c", "b"]
    assert (placed[1].moved, placed[2].moved) == (1, -1)
    assert explain_move(placed[1]) == "you liked 2 Crime films"
    assert explain_move(placed[2]) == ""


def test_a_dislike_pushes_down_and_says_why() -> None:
    picks = [
        make_pick("a", 0.9),
        make_pick("b", 0.6, ("Action",), "Bo Marsh"),
        make_pick("c", 0.58),
        make_pick("d", 0.1),
    ]
    placed = rerank(picks, [Signal("x", "dislike", ("Action",), "Bo Marsh", None)], 1.0)
    assert [card.pick.item_id for card in placed] == ["a", "c", "b", "d"]
    assert explain_move(placed[2]) == "you disliked an Action film and a film by Bo Marsh"


def test_the_liked_card_itself_moves_and_says_so() -> None:
    picks = [make_pick("a", 0.9), make_pick("b", 0.5), make_pick("c", 0.48)]
    placed = rerank(picks, [Signal("c", "like", (), None, None)], 1.0)
    assert [card.pick.item_id for card in placed] == ["a", "c", "b"]
    assert explain_move(placed[1]) == "you liked it"


def test_only_the_newest_thumb_of_a_film_counts() -> None:
    picks = [make_pick("a", 0.9), make_pick("b", 0.5, ("Crime",))]
    newest_first = [
        Signal("x", "like", ("Crime",), None, None),
        Signal("x", "dislike", ("Crime",), None, None),
    ]
    assert rerank(picks, newest_first, 1.0)[1].boost > 0


def test_era_counts_within_one_decade_only() -> None:
    picks = [make_pick("a", 0.9, year=1994), make_pick("b", 0.1, year=2000)]
    placed = rerank(picks, [Signal("x", "like", (), None, 1999)], 1.0)
    assert explain_move(placed[0]) == "you liked a 1990s film"
    assert placed[1].boost == 0


def test_empty_list() -> None:
    assert rerank([], [Signal("x", "like", (), None, None)], 1.0) == ()
