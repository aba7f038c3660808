"""Posters: generated artwork for every film, and real ones from TMDB for those who opt in."""
