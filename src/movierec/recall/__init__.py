"""Recall sources and the merge of their candidates."""
