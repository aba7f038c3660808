"""Ablations: what each part of the pipeline is worth, one changed at a time."""

from movierec.evaluation.ablations.runner import run_ablations

__all__ = ["run_ablations"]
