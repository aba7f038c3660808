"""One module per page; each draws itself when Streamlit runs it.

Streamlit takes a folder called ``pages`` beside the entry point for its older kind of app and ignores
``st.navigation`` on the first visit, hence the name.
"""
