"""What ``movierec evaluate`` has to do: a job per data set and group of protocols, and further reports."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from movierec.config import Settings
from movierec.data.dataset import load_dataset
from movierec.evaluation.held_out import PROTOCOL
from movierec.evaluation.limits import QUICK_CONFIG, QUICK_LIMITS
from movierec.evaluation.peers import OPTIONAL_PEERS, list_optional_peers
from movierec.evaluation.protocols import Protocol, find_protocols, group_protocols
from movierec.evaluation.queue import Job, Progress
from movierec.evaluation.receipts import hash_code, hash_config, read_versions
from movierec.schema import DatasetInfo
from movierec.stages import BuildConfig


@dataclass(frozen=True, slots=True)
class ExtraJob:
    """A further report about a data set.

    Attributes
    ----------
    name : of the report
    call : "module:function", called with ``dataset_spec, out_dir, settings, progress, seed`` by name
    outputs : file names in ``<out_dir>/<dataset>``; the JSON ones hold a receipt with ``content_hash``,
        ``code``, ``seed`` and ``versions`` as those of the protocols do
    cost : time next to that of a protocol with one split
    """

    name: str
    call: str
    outputs: tuple[str, ...]
    cost: float = 1.0


STUDIES: Final = ExtraJob(
    "frontier + calibration",
    "movierec.evaluation.studies:write_studies",
    ("frontier.json", "frontier.md", "calibration.json", "calibration.md"),
)
"""They look at the lists of the user timeline, so both are one job where both are asked for."""

EXTRA_JOBS: Final[tuple[ExtraJob, ...]] = (
    STUDIES,
    ExtraJob(
        "cold-start",
        "movierec.evaluation.cold_start:write_cold_start",
        ("cold-start.json", "cold-start.md"),
        cost=2.0,
    ),
    ExtraJob(
        "ablations",
        "movierec.evaluation.ablations:run_ablations",
        ("ablations.json", "ablations.md"),
        cost=5.0,
    ),
)
"""Reports besides the protocols, for those who ask for everything."""


def plan_jobs(
    dataset_specs: Iterable[str],
    protocols: Iterable[str],
    out_dir: Path,
    settings: Settings,
    progress: Progress,
    seed: int = 0,
    quick: bool = False,
    extras: bool = False,
    optional_peers: Iterable[str] = (),
) -> list[Job]:
    """Return the jobs of all data sets, ingesting those that are not yet.

    Raises
    ------
    ConfigError
        If a protocol or an optional peer is not known, or what the peer needs is not installed.
    DataError
        If a data set cannot be used.
    """
    groups = group_protocols(find_protocols(protocols))
    peers = tuple(dict.fromkeys(optional_peers))
    list_optional_peers(peers)
    code, versions = hash_code(), read_versions()
    jobs: list[Job] = []
    for spec in dict.fromkeys(dataset_specs):
        info = load_dataset(spec, settings, progress).info
        shared = {"dataset_spec": spec, "out_dir": out_dir, "settings": settings, "seed": seed}
        receipt = {"content_hash": info.content_hash, "code": code, "seed": seed, "versions": versions}
        folder = out_dir / info.name
        joined = False
        for group in groups:
            job = _plan_group(group, info, shared, receipt, quick, peers)
            # With more peers the receipts of both would differ.
            shares = extras and not quick and not peers and group[0].fit_group == PROTOCOL.fit_group
            jobs.append(_join_studies(job, folder, group) if shares else job)
            joined |= shares
        if extras and not quick:
            # Without the settings: they are the study's own, and part of the code.
            jobs += [
                Job(
                    f"{info.name} {extra.name}",
                    extra.call,
                    shared,
                    tuple(folder / name for name in extra.outputs),
                    receipt,
                    extra.cost,
                )
                for extra in EXTRA_JOBS
                if not (joined and extra is STUDIES)
            ]
    return jobs


def _join_studies(job: Job, folder: Path, group: tuple[Protocol, ...]) -> Job:
    arguments = {name: job.arguments[name] for name in ("dataset_spec", "out_dir", "settings", "seed")}
    return replace(
        job,
        name=f"{job.name} + {STUDIES.name}",
        call="movierec.evaluation.studies:write_protocols_and_studies",
        arguments={**arguments, "protocols": tuple(protocol.name for protocol in group)},
        outputs=(*job.outputs, *(folder / name for name in STUDIES.outputs)),
        cost=job.cost + STUDIES.cost / 2,
    )


def _plan_group(
    group: tuple[Protocol, ...],
    info: DatasetInfo,
    shared: dict[str, Any],
    receipt: dict[str, Any],
    quick: bool,
    optional_peers: tuple[str, ...],
) -> Job:
    names = tuple(protocol.name for protocol in group)
    config = group[0].configure(QUICK_CONFIG if quick else BuildConfig())
    folder: Path = shared["out_dir"] / info.name
    return Job(
        f"{info.name} {' + '.join(names)}",
        "movierec.evaluation.runner:write_protocols",
        {**shared, "protocols": names, "quick": quick, "optional_peers": optional_peers},
        tuple(folder / f"{name}.{suffix}" for name in names for suffix in ("json", "md")),
        {
            **receipt,
            "versions": read_versions(*(OPTIONAL_PEERS[name] for name in optional_peers)),
            "config": hash_config(config),
            "restrictions": QUICK_LIMITS.describe() if quick else {},
            "optional_peers": list(optional_peers),
        },
        sum(protocol.fits for protocol in group[:1]),
    )
