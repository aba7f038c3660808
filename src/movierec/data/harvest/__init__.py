"""Harvest: interactions, items and users pulled page by page from somebody's HTTP API."""
