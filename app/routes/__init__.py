"""One file per surface of the API."""

from app.addresses import register_text

# Before any of the files below is read: their paths use it.
register_text()
