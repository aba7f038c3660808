"""Answers of the API that change rarely, kept for a while for all sessions."""

from __future__ import annotations

import streamlit as st

from ui.api_client import ApiClient
from ui.connection import get_client, get_pantry
from ui.models import GenreList, Health, MovieFacts, MoviePage, Neighbours, Viewer, ViewerPage


def load_health() -> Health:
    """Return the API's state, at most 20 seconds old."""
    return _load_health(get_client().base_url, _client=get_client())


def load_genres() -> tuple[str, ...]:
    """Return the genres of the catalogue; the last known ones where the API is away."""
    client = get_client()
    return get_pantry().fetch(
        ("genres", client.base_url), lambda: _load_genres(client.base_url, _client=client).genres
    )


def load_viewers(query: str = "", limit: int = 100) -> ViewerPage:
    """Return known viewers whose id matches; the last known ones where the API is away."""
    client = get_client()
    return get_pantry().fetch(
        ("viewers", client.base_url, query, limit),
        lambda: _load_viewers(client.base_url, query, limit, _client=client),
    )


def find_viewer(user_id: str) -> Viewer | None:
    """Return the known viewer of exactly this id."""
    if not user_id:
        return None
    return next((viewer for viewer in load_viewers(user_id).users if viewer.user_id == user_id), None)


def search_movies(query: str, limit: int = 24) -> MoviePage:
    """Return films whose title matches, best first."""
    return _search_movies(get_client().base_url, query.strip(), limit, _client=get_client())


def load_movie(item_id: str) -> MovieFacts:
    """Return the facts of a film."""
    return _load_movie(get_client().base_url, item_id, _client=get_client())


def load_similar(item_id: str, k: int = 12) -> Neighbours:
    """Return the neighbours of a film."""
    return _load_similar(get_client().base_url, item_id, k, _client=get_client())


@st.cache_data(ttl=20, show_spinner=False)
def _load_health(base_url: str, _client: ApiClient) -> Health:
    return _client.health()


@st.cache_data(ttl=600, show_spinner=False)
def _load_genres(base_url: str, _client: ApiClient) -> GenreList:
    return GenreList(_client.genres())


@st.cache_data(ttl=120, show_spinner=False, max_entries=200)
def _load_viewers(base_url: str, query: str, limit: int, _client: ApiClient) -> ViewerPage:
    return _client.viewers(query, limit)


@st.cache_data(ttl=120, show_spinner=False, max_entries=200)
def _search_movies(base_url: str, query: str, limit: int, _client: ApiClient) -> MoviePage:
    return _client.movies(query, limit)


@st.cache_data(ttl=120, show_spinner=False, max_entries=500)
def _load_movie(base_url: str, item_id: str, _client: ApiClient) -> MovieFacts:
    return _client.movie(item_id)


@st.cache_data(ttl=120, show_spinner=False, max_entries=500)
def _load_similar(base_url: str, item_id: str, k: int, _client: ApiClient) -> Neighbours:
    return _client.similar(item_id, k)
