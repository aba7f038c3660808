"""The app as a server runs it: the script behind a page that has its style from the start."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

import streamlit as st
from starlette.middleware import Middleware

from ui.frame import STYLE, PageFrame, dress_page, list_links

_STATIC: Final = Path(st.__file__).parent / "static" / "static"
_DRESS: Final = partial(dress_page, style=STYLE.read_text("utf-8"), links=list_links(_STATIC))

app = st.App(Path(__file__).parent / "streamlit_app.py", middleware=[Middleware(PageFrame, rewrite=_DRESS)])
