"""What this server and a session talk to the API with: client, outbox, courier, last good answers."""

from __future__ import annotations

from typing import cast

import streamlit as st

from ui.api_client import ApiClient
from ui.courier import Courier
from ui.outbox import Outbox
from ui.pantry import Pantry


def get_client() -> ApiClient:
    """Return this session's client."""
    if "client" not in st.session_state:
        st.session_state["client"] = ApiClient.from_environment()
    return cast(ApiClient, st.session_state["client"])


def get_outbox() -> Outbox:
    """Return what waits to be sent to this session's API."""
    return _open_outbox(get_client().base_url)


def get_courier() -> Courier:
    """Return who sends it."""
    return _open_courier(get_client().base_url)


def get_pantry() -> Pantry:
    """Return the last good answers of this server."""
    return _open_pantry()


@st.cache_resource(show_spinner=False)
def _open_outbox(base_url: str) -> Outbox:
    return Outbox.open(base_url)


@st.cache_resource(show_spinner=False)
def _open_courier(base_url: str) -> Courier:
    # A client of its own: requests' sessions are not meant for several threads.
    return Courier(_open_outbox(base_url), ApiClient.from_environment(rest_seconds=0.0).send_feedback)


@st.cache_resource(show_spinner=False)
def _open_pantry() -> Pantry:
    return Pantry()
