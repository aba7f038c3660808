"""Trials that break MovieRec on purpose, on loopback only; ``make chaos`` runs them."""
