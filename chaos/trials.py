"""The list of all trials, in the order of the report. A new one is added here and nowhere else."""

from __future__ import annotations

from typing import Final

from chaos.api_requests import REQUESTS
from chaos.artifacts import BUILD_KILLS, BYTES, READS
from chaos.crowding import OVERLOAD, SLOW
from chaos.feedback_disk import FAULTS_TRIAL, FULL_TRIAL
from chaos.feedback_kills import KILLS
from chaos.serving import SOAK, SWAPS
from chaos.trial import Trial

TRIALS: Final[tuple[Trial, ...]] = (
    KILLS,
    FAULTS_TRIAL,
    FULL_TRIAL,
    READS,
    BUILD_KILLS,
    BYTES,
    REQUESTS,
    SLOW,
    OVERLOAD,
    SWAPS,
    SOAK,
)
