"""Features, the ranker and its explanations."""
