"""How good the lists are: committed reports, this build's own check, features, data."""

from __future__ import annotations

from typing import Final

import streamlit as st

from ui.components.evaluation_data import show_data, show_features
from ui.components.evaluation_results import show_build_check, show_overview, show_report, show_trade_off
from ui.connection import get_client
from ui.measurements import Evaluation
from ui.text import escape_markdown

LOOKS: Final = {
    "results": ":material/leaderboard: Results",
    "beyond": ":material/balance: Beyond accuracy",
    "features": ":material/tune: What decides",
    "data": ":material/database: The data",
}
_NO_REPORTS: Final = (
    "There are no committed reports where the API looks for them (`MOVIEREC_REPORTS`, by default "
    "`reports/evaluation` in the folder it was started in). `make evaluate` writes them."
)


def render() -> None:
    """Draw the evaluation page."""
    st.title("Evaluation", anchor=False)
    look = st.segmented_control(
        "What to look at",
        list(LOOKS),
        default="results",
        format_func=lambda name: LOOKS[name],
        required=True,
        key="evaluation_look",
        label_visibility="collapsed",
        wrap=False,
    )
    if look == "features":
        show_features()
    elif look == "data":
        show_data()
    else:
        _show_reports(get_client().evaluation(), look or "results")


def _show_reports(evaluation: Evaluation, look: str) -> None:
    if evaluation.unreadable:
        names = escape_markdown(", ".join(evaluation.unreadable))
        st.warning(f"These files are no reports this app can read: {names}", icon=":material/warning:")
    if look == "beyond":
        if evaluation.reports:
            show_trade_off(evaluation)
        else:
            st.info(_NO_REPORTS, icon=":material/info:")
        return
    if evaluation.reports:
        show_overview(evaluation)
        show_report(evaluation)
    else:
        st.info(_NO_REPORTS, icon=":material/info:")
    show_build_check(evaluation)


if __name__ == "__main__":
    render()
