"""From ratings on disk to a clean, typed data set."""
