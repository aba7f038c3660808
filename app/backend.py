"""What the routes work with: the recommender (or why there is none) and the feedback store."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Final

import structlog
from fastapi import Depends, Request

from app.caching import Answers, ProcessAnswers
from app.gate import FeedbackGate
from app.search import MovieIndex
from movierec.appeal import AppealMeter
from movierec.errors import (
    ArtifactError,
    ConfigError,
    NoBundleError,
    UnknownItemError,
    UnknownUserError,
)
from movierec.schema import History
from movierec.service import Query, RecommenderService
from movierec.titles import TitleIndex

_UNFIT: Final = "The bundle was opened, but no recommendation can be made with it; the log says why."

log = structlog.get_logger("movierec.api")


class Backend:
    """One recommender and one feedback store, shared by all requests that came while it was in place.

    Attributes
    ----------
    feedback : the way to the feedback store
    problem : why this is not the bundle that is to be served, or None if it is
    answers : lists that were given before
    """

    def __init__(
        self,
        service: RecommenderService | None,
        feedback: FeedbackGate,
        fault: ArtifactError | None = None,
        problem: str | None = None,
        answers: Answers | None = None,
    ) -> None:
        self._service = service
        self._fault = fault or NoBundleError("the bundle has not been opened yet; try again in a moment")
        self.feedback = feedback
        self.problem = problem
        self.answers = answers or ProcessAnswers(0)

    @property
    def version(self) -> str | None:
        """Name of the bundle, None where there is none."""
        return None if self._service is None else self._service.version

    @property
    def answers_with(self) -> str:
        """Name of what lists follow from beside the question: the bundle, and whether it has its ranker."""
        return f"{self.version}:{'ranked' if self.service.has_ranker else 'merged'}"

    @property
    def service(self) -> RecommenderService:
        """The recommender; raises the ``ArtifactError`` that kept its bundle from being opened."""
        if self._service is None:
            # A new exception each time: raising one instance again and again would grow its traceback.
            raise type(self._fault)(str(self._fault))
        return self._service

    def prove(self) -> None:
        """Make one recommendation; raises an ``ArtifactError`` where that does not work."""
        service = self.service
        history = service.trained_history(0) if service.user_id else History.empty()
        try:
            service.recommend(history, Query(k=1))
        except Exception as error:
            log.error("not-ready", exc_info=error)
            raise ArtifactError(_UNFIT) from error

    @cached_property
    def movies(self) -> MovieIndex:
        """Titles of the catalogue, ready for search."""
        return MovieIndex.build(self.service)

    @cached_property
    def titles(self) -> TitleIndex:
        """Titles of the catalogue, as other sites spell them."""
        return TitleIndex(self.service.catalog)

    @cached_property
    def appeal(self) -> AppealMeter:
        """Whom films suit."""
        return AppealMeter(self.service)

    def find_user(self, user_idx: int) -> str:
        """Return the id of a viewer; raises ``UnknownUserError``."""
        known = len(self.service.user_id)
        if not 0 <= user_idx < known:
            raise UnknownUserError(f"user_idx must be 0 to {known - 1}; find viewers with GET /users")
        return self.service.user_id[user_idx]

    def find_item(self, item_id: str) -> int:
        """Return the index of a movie; raises ``UnknownItemError``."""
        return self.find_items([item_id])[0]

    def find_items(self, item_ids: list[str]) -> list[int]:
        """Return the indices of movies; raises ``UnknownItemError`` that names those that are unknown."""
        index_of = self.service.catalog.index_of
        unknown = [item_id for item_id in item_ids if item_id not in index_of]
        if unknown:
            named = ", ".join(ascii(item_id[:64]) for item_id in unknown[:5])
            more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
            raise UnknownItemError(f"no movie with item_id {named}{more}; find movies with GET /movies")
        return [index_of[item_id] for item_id in item_ids]

    def find_genres(self, argument: str, names: list[str]) -> tuple[str, ...]:
        """Return genres as the catalogue spells them; raises ``ConfigError`` for one it does not have."""
        spelling = {genre.casefold(): genre for genre in self.service.catalog.genre_names}
        if any(name.casefold() not in spelling for name in names):
            raise ConfigError(f"{argument} must be genres of this catalogue: {', '.join(spelling.values())}")
        return tuple(dict.fromkeys(spelling[name.casefold()] for name in names))


async def get_backend(request: Request) -> Backend:
    """Return the backend of the running app."""
    backend = request.app.state.backend
    assert isinstance(backend, Backend)  # noqa: S101 - set by create_app
    return backend


BackendDep = Annotated[Backend, Depends(get_backend)]
