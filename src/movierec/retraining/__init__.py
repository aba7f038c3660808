"""Learning again: from the data set and what viewers said since, judged before it is served."""
