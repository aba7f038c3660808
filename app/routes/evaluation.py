"""What was measured: committed reports, the check of the served build, its features and its data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi import Path as PathParameter
from starlette.concurrency import run_in_threadpool

from app.backend import BackendDep
from app.openapi import describe_problems
from app.rendering import render_time
from app.responses import respond
from app.schemas import DatasetResponse, EvaluationResponse, ImportanceResponse, ReportResponse
from movierec.errors import NotFoundError
from movierec.published import MeasuredSystem, PublishedReport, read_publication
from movierec.schema import Generation

_LOW, _HIGH, _QUERIES = " low", " high", "queries"
_NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"

router = APIRouter(tags=["evaluation"])


async def get_reports_dir(request: Request) -> Path:
    """Return the folder of the committed reports."""
    folder = request.app.state.reports_dir
    assert isinstance(folder, Path)  # noqa: S101 - set by create_app
    return folder


ReportsDir = Annotated[Path, Depends(get_reports_dir)]


@router.get(
    "/evaluation",
    operation_id="getEvaluation",
    response_model=EvaluationResponse,
    responses=describe_problems(503),
)
async def get_evaluation(backend: BackendDep, folder: ReportsDir) -> Response:
    """Return the outcome of every committed report, and of the check the served build made of itself."""
    service = backend.service
    publication = await run_in_threadpool(read_publication, folder)
    return respond(
        {
            "bundle": service.version,
            "dataset": service.info.name,
            "simulated": service.info.simulated,
            "check": _render_check(service.metrics),
            "reports": [_render_overview(report) for report in publication.reports],
            "unreadable": publication.unreadable,
        }
    )


@router.get(
    "/evaluation/importance",
    operation_id="getFeatureImportance",
    response_model=ImportanceResponse,
    responses=describe_problems(503),
)
async def get_feature_importance(backend: BackendDep) -> Response:
    """Return how far every feature moves the served ranker; the first call takes seconds to measure it."""
    service = backend.service
    found = await run_in_threadpool(lambda: service.importance)
    return respond(
        {
            "bundle": service.version,
            "viewers": found.n_viewers if found else 0,
            "items": found.n_items if found else 0,
            "features": [asdict(feature) for feature in found.features] if found else [],
        }
    )


@router.get(
    "/evaluation/{dataset}/{protocol}",
    operation_id="getReport",
    response_model=ReportResponse,
    responses=describe_problems(404, 422, 503),
)
async def get_report(
    dataset: Annotated[str, PathParameter(pattern=_NAME, examples=["ml-100k"])],
    protocol: Annotated[str, PathParameter(pattern=_NAME, examples=["user-timeline"])],
    folder: ReportsDir,
) -> Response:
    """Return one report: every system with all its numbers, and how to get them again."""
    publication = await run_in_threadpool(read_publication, folder)
    report = publication.find(dataset, protocol)
    if report is None:
        raise NotFoundError("no report of that data set and protocol; GET /evaluation lists what there is")
    best = report.best_single()
    return respond(report.model_dump(mode="json") | {"best_single": best.name if best else None})


@router.get(
    "/dataset", operation_id="getDataset", response_model=DatasetResponse, responses=describe_problems(503)
)
async def get_dataset(backend: BackendDep) -> Response:
    """Return what the served data set is like: size, density, long tail, ratings, licence."""
    info = backend.service.info
    facts = await run_in_threadpool(lambda: backend.service.facts)
    return respond(
        {
            "name": info.name,
            "simulated": info.simulated,
            "licence": info.licence,
            "citation": info.citation,
            "content_hash": info.content_hash,
            "n_users": info.n_users,
            "n_items": info.n_items,
            "n_interactions": info.n_interactions,
            "n_quarantined": info.n_quarantined,
            "first_event": None if facts.first is None else render_time(facts.first),
            "last_event": None if facts.last is None else render_time(facts.last),
            "density": facts.density,
            "median_events": facts.median_events,
            "top_tenth_share": facts.top_tenth_share,
            "n_never_rated": facts.n_never_rated,
            "mean_rating": facts.mean_rating,
            "ratings": [{"stars": stars, "count": count} for stars, count in facts.ratings],
            "genres": [{"name": name, "films": films} for name, films in facts.genres],
        }
    )


def _render_overview(report: PublishedReport) -> dict[str, Any]:
    best = report.best_single()
    difference = report.compare_with(best.name) if best else None
    return {
        "dataset": report.receipt.dataset,
        "protocol": report.receipt.protocol,
        "question": report.receipt.question,
        "simulated": report.receipt.simulated,
        "users": report.counts.users,
        "metric": report.metric,
        "subject": _render_headline(report.find(report.subject), report.metric),
        "merge": _render_headline(report.find(Generation.V1_5.value), report.metric),
        "best_single": _render_headline(best, report.metric),
        "difference": difference.model_dump() if difference else None,
        "aimed": report.aimed.model_dump() if report.aimed else None,
    }


def _render_headline(system: MeasuredSystem | None, metric: str) -> dict[str, Any] | None:
    if system is None or metric not in system.metrics:
        return None
    return {"name": system.name, "value": system.metrics[metric].model_dump()}


def _render_check(metrics: Mapping[str, float]) -> dict[str, Any] | None:
    """Return a ``BuildCheck`` from the flat names of a manifest: ``metric system``, ``… low``, ``… high``."""
    systems: dict[str, dict[str, Any]] = {}
    for key, mean in metrics.items():
        if key == _QUERIES or key.endswith((_LOW, _HIGH)):
            continue
        metric, _, system = key.partition(" ")
        bounds = {"low": metrics.get(key + _LOW, mean), "high": metrics.get(key + _HIGH, mean)}
        systems.setdefault(system, {})[metric] = {"mean": mean, **bounds}
    if not systems:
        return None
    return {
        "viewers": int(metrics.get(_QUERIES, 0)),
        "systems": [{"name": name, "metrics": found} for name, found in systems.items()],
    }
