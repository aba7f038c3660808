"""One file per surface of the API."""
