"""Feedback through a message broker: published by the API, stored by ``movierec consume``."""
