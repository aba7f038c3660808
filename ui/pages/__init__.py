"""One module per page; each draws itself when Streamlit runs it."""
