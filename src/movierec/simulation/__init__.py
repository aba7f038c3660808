"""Simulated viewers, whose true taste is known, in front of the recommender."""
