"""What simulated viewers did: the committed reports of both simulations."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from app.responses import respond
from app.schemas import SimulationResponse
from movierec.simulation.results import AB_FILE, CAPTION, LOOP_FILE, AbReport, LoopReport, read_result

router = APIRouter(tags=["evaluation"])


async def get_simulation_dir(request: Request) -> Path:
    """Return the folder of the simulations' reports."""
    folder = request.app.state.simulation_dir
    assert isinstance(folder, Path)  # noqa: S101 - set by create_app
    return folder


@router.get("/simulation", operation_id="getSimulation", response_model=SimulationResponse)
async def get_simulation(folder: Annotated[Path, Depends(get_simulation_dir)]) -> Response:
    """Return what simulated viewers, whose true taste is known, made of retraining and of two policies."""
    loop = await run_in_threadpool(read_result, folder, LOOP_FILE, LoopReport)
    ab = await run_in_threadpool(read_result, folder, AB_FILE, AbReport)
    return respond(
        {
            "caption": CAPTION,
            "loop": None if loop is None else loop.model_dump(mode="json"),
            "ab": None if ab is None else ab.model_dump(mode="json"),
        }
    )
