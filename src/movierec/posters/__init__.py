"""Poster artwork."""
