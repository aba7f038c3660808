"""Typed calls to the HTTP API."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal
from urllib.parse import quote

from movierec.client.connection import Connection
from movierec.client.models import (
    Action,
    FeedbackList,
    FeedPage,
    GenreList,
    Health,
    Inspection,
    Movie,
    MovieFacts,
    MoviePage,
    Neighbours,
    PickList,
    ScoredList,
    SectionPage,
    Taste,
    Trending,
    ViewerPage,
)

SessionAction = Literal["watch", "like", "skip", "dislike"]
TimeOfDay = Literal["morning", "afternoon", "evening", "night"]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a list should be like. Years are inclusive; ``diversity`` in [0, 1]; ``hide`` holds item ids."""

    k: int = 24
    generation: str = "v2"
    genres: tuple[str, ...] = ()
    year_from: int | None = None
    year_to: int | None = None
    diversity: float = 0.0
    aim: str = "balanced"
    hide: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FeedbackEvent:
    """One thing a viewer said; sending the same ``event_id`` again changes nothing."""

    event_id: str
    user_id: str
    item_id: str
    action: Action
    undoes: str | None
    client_time: str
    context: dict[str, str]


class MovieRecClient(Connection):
    """Typed calls to one API; every method raises ``ApiUnavailable`` or ``ApiRefused``.

    Reading and feedback, which carries its own id, are tried again; other writing is sent once.

    Examples
    --------
    ::

        with MovieRecClient("http://127.0.0.1:8000") as client:
            for pick in client.recommend_to_session([("1", "watch"), ("2", "like")]).items:
                print(pick.rank, pick.title, pick.reasons[0].text)
    """

    def health(self) -> Health:
        """Return the state of the API and of the data it serves."""
        return self._get(Health, "/health")

    def recommend(self, user_idx: int, wishes: Wishes) -> PickList:
        """Return the list for a known viewer."""
        return self._get(PickList, f"/recommend/user/{user_idx}", _query(wishes))

    def recommend_for(
        self,
        viewer: str | None,
        wishes: Wishes,
        favourite_genres: Sequence[str] = (),
        likes: Sequence[str] = (),
    ) -> PickList:
        """Return the list for somebody without a trained history; stored feedback of ``viewer`` counts."""
        body = _body(viewer, wishes, favourite_genres, likes)
        return self._parse(PickList, self._send("POST", "/recommend", json=body))

    def sections(self, user_id: str, wishes: Wishes, favourite_genres: Sequence[str] = ()) -> SectionPage:
        """Return the home page of anybody, known to the data set or not; ``wishes.k`` films a row."""
        params = _query(wishes) | {"genres": list(favourite_genres)}
        del params["generation"]
        return self._get(SectionPage, f"/users/{quote(user_id, safe='')}/sections", params)

    def inspect(self, user_idx: int, wishes: Wishes) -> Inspection:
        """Return the list for a known viewer with everything that made it."""
        return self._get(Inspection, f"/recommend/user/{user_idx}/debug", _query(wishes))

    def inspect_for(
        self,
        viewer: str | None,
        wishes: Wishes,
        favourite_genres: Sequence[str] = (),
        likes: Sequence[str] = (),
    ) -> Inspection:
        """Return the list of :meth:`recommend_for` with everything that made it."""
        body = _body(viewer, wishes, favourite_genres, likes)
        return self._parse(Inspection, self._send("POST", "/recommend/debug", json=body))

    def poster_svg(self, movie: Movie) -> bytes:
        """Return the generated poster of a film as an SVG document."""
        return self._send("GET", f"/posters/{quote(movie.item_id, safe='')}.svg").content

    def viewers(self, query: str = "", limit: int = 50, offset: int = 0) -> ViewerPage:
        """Return known viewers whose id matches ``query``."""
        return self._get(ViewerPage, "/users", {"query": query or None, "limit": limit, "offset": offset})

    def taste(self, user_idx: int) -> Taste:
        """Return the profile of a known viewer."""
        return self._get(Taste, f"/users/{user_idx}/taste")

    def movies(self, query: str, limit: int = 24) -> MoviePage:
        """Return films whose title matches ``query``, best first."""
        return self._get(MoviePage, "/movies", {"query": query, "limit": limit})

    def movie(self, item_id: str) -> MovieFacts:
        """Return everything known about a film."""
        return self._get(MovieFacts, f"/movies/{quote(item_id, safe='')}")

    def similar(self, item_id: str, k: int = 12) -> Neighbours:
        """Return the films nearest to one film."""
        return self._get(Neighbours, f"/movies/{quote(item_id, safe='')}/similar", {"k": k})

    def genres(self) -> tuple[str, ...]:
        """Return all genres of the catalogue."""
        return self._get(GenreList, "/genres").genres

    def feedback(self, user_id: str) -> FeedbackList:
        """Return a viewer's feedback in force, newest first."""
        return self._get(FeedbackList, "/feedback", {"user_id": user_id})

    def send_feedback(self, event: FeedbackEvent) -> None:
        """Store one event; when this returns, the API has it on disk."""
        self._send("POST", "/feedback", json=asdict(event))

    def recommend_to_session(
        self,
        events: Sequence[tuple[str, SessionAction]],
        wishes: Wishes = Wishes(),
        viewer: str | None = None,
        time_of_day: TimeOfDay | None = None,
    ) -> PickList:
        """Return the list for what happened in a session: (item id, action), oldest first."""
        body = _body(viewer, wishes, (), ()) | {
            "events": [{"item_id": item_id, "action": action} for item_id, action in events],
            "time_of_day": time_of_day,
        }
        return self._parse(PickList, self._send("POST", "/recommend", json=body))

    def scores(self, user_id: str, topk: int = 10) -> ScoredList:
        """Return ids and scores alone for somebody by id."""
        return self._get(ScoredList, f"/recommend/{quote(user_id, safe='')}", {"topk": topk})

    def trending(self, window: str = "week", genre: str | None = None, k: int = 20) -> Trending:
        """Return what everybody turns to lately."""
        return self._get(Trending, "/trending", {"window": window, "genre": genre, "k": k})

    def feed(
        self,
        username: str | None = None,
        page_size: int = 20,
        genre: str | None = None,
        mood: str | None = None,
    ) -> Iterator[FeedPage]:
        """Yield the pages of a feed, all of one list, until it ends."""
        params: dict[str, Any] = {"username": username, "genre": genre, "mood": mood, "page_size": page_size}
        page = 1
        while True:
            found = self._get(FeedPage, "/api/v1/feed", params | {"page": page})
            yield found
            if found.next is None:
                return
            params["cursor"] = found.cursor
            page += 1


def _body(
    viewer: str | None, wishes: Wishes, favourite_genres: Sequence[str], likes: Sequence[str]
) -> dict[str, Any]:
    return {
        "viewer": viewer,
        "likes": list(likes),
        "genres": list(favourite_genres),
        "k": wishes.k,
        "generation": wishes.generation,
        "diversity": wishes.diversity,
        "only_genres": list(wishes.genres),
        "year_from": wishes.year_from,
        "year_to": wishes.year_to,
        "aim": wishes.aim,
        "exclude": list(wishes.hide),
    }


def _query(wishes: Wishes) -> dict[str, Any]:
    return {
        "k": wishes.k,
        "generation": wishes.generation,
        "only_genres": list(wishes.genres),
        "year_from": wishes.year_from,
        "year_to": wishes.year_to,
        "diversity": wishes.diversity,
        "aim": wishes.aim,
        "hide": list(wishes.hide),
    }
