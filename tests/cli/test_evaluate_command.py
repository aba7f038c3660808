from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from toy_data import START

from movierec.evaluation import jobs
from movierec.evaluation.limits import QUICK_LIMITS


@pytest.fixture
def little(toy, tmp_path) -> Path:
    """Write the toy data as MovieLens does."""
    films, events = toy
    folder = tmp_path / "little"
    folder.mkdir()
    with (folder / "movies.csv").open("w", newline="") as stream:
        rows = zip(range(1, len(films) + 1), films.title, films.genres, strict=True)
        csv.writer(stream).writerows(
            [("movieId", "title", "genres"), *((item, title, "|".join(names)) for item, title, names in rows)]
        )
    with (folder / "ratings.csv").open("w", newline="") as stream:
        columns = (events.user_idx + 1, events.item_idx + 1, events.rating, events.timestamp)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        csv.writer(stream).writerows([("userId", "movieId", "rating", "timestamp"), *rows])
    assert events.timestamp.min() > START // 2
    return folder


def test_a_quick_run_ends_in_reports_and_is_not_repeated(run, little, tmp_path):
    arguments = ("evaluate", "--dataset", little, "--home", tmp_path / "home", "--quick")
    protocols = ("--protocol", "user-timeline", "--protocol", "rated-only")
    status, out, err = run(*arguments, *protocols)
    assert status == 0, err
    folder = tmp_path / "home" / "work" / "quick-evaluation"
    assert {path.name for path in (folder / "little").iterdir()} >= {
        "user-timeline.json",
        "user-timeline.md",
        "rated-only.json",
        "rated-only.md",
    }
    assert "little, user-timeline: " in out
    assert "little, rated-only: " in out
    assert "total: 1 jobs run, 0 skipped, 0 failed" in err
    report = json.loads((folder / "little" / "user-timeline.json").read_text())
    assert report["receipt"]["restrictions"] == QUICK_LIMITS.describe()
    assert 0 < report["counts"]["users"] <= QUICK_LIMITS.scored
    assert "user-timeline" in (folder / "README.md").read_text()
    status, again, err = run(*arguments, *protocols)
    assert (status, again) == (0, out)
    assert "little user-timeline + rated-only: skipped" in err
    status, out, _ = run("evaluate", "compare", folder / "little", folder / "little")
    assert status == 0
    assert "user-timeline" in out


def test_jobs_cover_data_sets_protocols_and_extras(little, tmp_path, monkeypatch):
    from movierec.config import Settings

    lines: list[str] = []
    plan = jobs.plan_jobs(
        [str(little), str(little)],
        ["rated-only", "user-timeline", "global-timeline"],
        tmp_path / "out",
        Settings(home=tmp_path / "home"),
        lines.append,
        extras=True,
    )
    names = [job.name for job in plan]
    assert names[:2] == [
        "little rated-only + user-timeline + frontier + calibration",
        "little global-timeline",
    ]
    assert names[2:] == [f"little {extra.name}" for extra in jobs.EXTRA_JOBS if extra is not jobs.STUDIES]
    assert {path.name for path in plan[0].outputs} > set(jobs.STUDIES.outputs)
    assert plan[1].cost > 2 * plan[0].cost
    assert all(path.parent == tmp_path / "out" / "little" for job in plan for path in job.outputs)
    assert not any(job.done for job in plan)


def test_studies_stand_alone_where_no_protocol_shares_their_fit(little, tmp_path):
    from movierec.config import Settings

    settings = Settings(home=tmp_path / "home")
    protocols = ["leave-one-out"]
    plan = jobs.plan_jobs([str(little)], protocols, tmp_path / "out", settings, lambda _: None, extras=True)
    names = [job.name for job in plan]
    assert names == ["little leave-one-out", *(f"little {extra.name}" for extra in jobs.EXTRA_JOBS)]


@pytest.mark.parametrize("extra", jobs.EXTRA_JOBS, ids=lambda extra: extra.name)
def test_extra_jobs_can_be_called(extra):
    from importlib import import_module
    from inspect import signature

    module, _, function = extra.call.partition(":")
    wanted = {"dataset_spec", "out_dir", "settings", "progress", "seed"}
    assert wanted <= set(signature(getattr(import_module(module), function)).parameters)


def test_an_unusable_data_set_is_said_before_anything_runs(run, tmp_path):
    status, out, err = run("evaluate", "--dataset", "no-such-data", "--home", tmp_path, "--out", tmp_path)
    assert (status, out) == (2, "")
    assert "no-such-data" in err
    assert not (tmp_path / "README.md").exists()
