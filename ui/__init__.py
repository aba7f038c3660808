"""The Streamlit front end; it speaks HTTP only."""
