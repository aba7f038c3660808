"""What the cards of each kind of list say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from ui.changes import Changes
from ui.components.cards import Badge, Card, Head, Line, make_card, show_cards
from ui.feedback import MarkBook
from ui.models import Movie, Pick
from ui.rerank import Placed, explain_move
from ui.session import Person
from ui.text import format_boost, format_move

_SEEN: Final = 0.0005
"""Smaller boosts would read as 0.0 points."""


def show_pick_cards(
    person: Person,
    book: MarkBook,
    placed: Sequence[Placed],
    surface: str,
    changes: Changes | None = None,
) -> None:
    """Draw a wall of recommended films in their order; ``changes`` since the answer before."""
    cards = [_make_pick_card(book, card, changes) for card in placed]
    show_cards(person, surface, "wall", [card.pick for card in placed], cards)


def show_movie_cards(
    person: Person,
    book: MarkBook,
    movies: Sequence[Movie],
    surface: str,
    lines: Sequence[str] = (),
) -> None:
    """Draw a wall of films that are not ranked, each with one line of plain text below."""
    cards = [
        make_card(movie, book, [Line(line) for line in lines[row : row + 1]])
        for row, movie in enumerate(movies)
    ]
    show_cards(person, surface, "wall", movies, cards)


def show_rail(
    person: Person,
    book: MarkBook,
    movies: Sequence[Movie],
    surface: str,
    head: Head | None = None,
    open_row: Callable[[], None] | None = None,
) -> None:
    """Draw films as one row that scrolls sideways; picks with match and first reason."""
    cards = [_make_rail_card(book, movie) for movie in movies]
    show_cards(person, surface, "rail", movies, cards, head, open_row)


def show_small_cards(person: Person, movies: Sequence[Movie], surface: str, lines: Sequence[str]) -> None:
    """Draw a wall of small posters, each with its title and one line, without buttons."""
    cards = [
        make_card(movie, lines=[Line(line, "quiet")], facts="")
        for movie, line in zip(movies, lines, strict=True)
    ]
    show_cards(person, surface, "small", movies, cards)


def _make_rail_card(book: MarkBook, movie: Movie) -> Card:
    if not isinstance(movie, Pick):
        return make_card(movie, book)
    return make_card(movie, book, [Line(reason.text) for reason in movie.reasons[:1]], movie.match)


def _make_pick_card(book: MarkBook, card: Placed, changes: Changes | None) -> Card:
    pick = card.pick
    change = changes.find(pick.item_id) if changes else "stayed"
    moved = card.moved if card.moved or not isinstance(change, int) else change
    lines = [Line(reason.text) for reason in pick.reasons[:1]]
    if line := _describe_move(card):
        lines.append(line)
    elif changes and change != "stayed":
        new = "new since your thumbs" if change == "new" else f"{format_move(moved)} by the recommender"
        lines.append(Line(new, "quiet"))
    return make_card(pick, book, lines, pick.match, card.place, _make_badge(moved, change == "new"))


def _make_badge(moved: int, new: bool) -> Badge | None:
    if move := format_move(moved):
        return Badge(move, "up" if moved > 0 else "down")
    return Badge("new", "up") if new else None


def _describe_move(card: Placed) -> Line | None:
    move = format_move(card.moved)
    why = explain_move(card)
    if card.moved * card.boost < 0 or (move and (not why or abs(card.boost) < _SEEN)):
        return Line(f"{move} others were boosted", "quiet")
    if not why or (not move and abs(card.boost) < 0.005):
        return None
    return Line(f"{format_boost(card.boost)}: {why}", "up" if card.boost > 0 else "down", lead=move)
