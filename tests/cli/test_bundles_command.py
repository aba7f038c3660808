from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from movierec.artifacts import BuildFacts, read_pointer, write_bundle
from movierec.schema import DatasetInfo

Make = Callable[..., str]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Return a function that puts a bundle into a home folder, current or aside."""
    info = DatasetInfo("toy", "ab" * 32, True, "none", "none", 3, 4, 5, 0, 1_600_000_000)

    def write(number: int, aside: bool = False) -> str:
        folder = tmp_path / ("aside" if aside else "bundles")
        with write_bundle(folder, BuildFacts(dataset=info, fingerprint="fp"), promote=not aside) as writer:
            (writer.path / "titles.csv").write_text(f"title\nFilm {number}\n", encoding="utf-8")
            writer.describe(metrics={"ndcg@10 v2": number / 8})
        return writer.version

    return write


def places(out: str) -> dict[str, str]:
    return {line.split("\t")[1]: line.split("\t")[0] for line in out.splitlines()}


def test_the_list_says_which_is_served_and_where_a_rollback_leads(run, make, tmp_path) -> None:
    first, second, third = make(1), make(2), make(3)
    refused = make(4, aside=True)
    status, out, _ = run("bundles", "list", "--home", tmp_path)
    assert status == 0
    assert places(out) == {third: "current", second: "previous", first: "earlier", refused: "aside"}
    assert out.splitlines()[0].split("\t")[3:] == ["toy", "5", "0.3750"]


def test_an_empty_home_lists_nothing_and_says_what_to_run(run, tmp_path) -> None:
    status, out, err = run("bundles", "list", "--home", tmp_path)
    assert (status, out) == (0, "")
    assert "run: movierec build" in err


def test_promote_and_rollback_move_the_pointer(run, make, tmp_path) -> None:
    first, second = make(1), make(2)
    assert run("bundles", "promote", first, "--home", tmp_path) == (0, f"{first}\n", "")
    assert read_pointer(tmp_path / "bundles") == first
    assert run("bundles", "rollback", "--home", tmp_path) == (0, f"{second}\n", "")
    assert read_pointer(tmp_path / "bundles") == second


def test_what_was_kept_aside_can_be_promoted(run, make, tmp_path) -> None:
    make(1)
    refused = make(2, aside=True)
    assert run("bundles", "promote", refused, "--home", tmp_path)[:2] == (0, f"{refused}\n")
    assert read_pointer(tmp_path / "bundles") == refused


def test_an_unknown_or_damaged_bundle_is_not_promoted(run, make, tmp_path) -> None:
    first, second = make(1), make(2)
    status, _, err = run("bundles", "promote", "toy-1", "--home", tmp_path)
    assert status == 2
    assert err.startswith("movierec bundles promote: version must name a bundle in ")
    assert first in err
    (tmp_path / "bundles" / first / "titles.csv").write_text("title\nFilm X\n")
    status, _, err = run("bundles", "promote", first, "--home", tmp_path)
    assert status == 2
    assert "titles.csv differs from its checksum" in err
    assert read_pointer(tmp_path / "bundles") == second


def test_rollback_passes_over_a_damaged_bundle(run, make, tmp_path) -> None:
    first, second, _ = make(1), make(2), make(3)
    (tmp_path / "bundles" / second / "titles.csv").unlink()
    status, out, err = run("bundles", "rollback", "--home", tmp_path)
    assert (status, out) == (0, f"{first}\n")
    assert f"passed over: bundle {second}" in err


def test_rollback_without_an_earlier_bundle_is_one_line(run, make, tmp_path) -> None:
    make(1)
    status, out, err = run("bundles", "rollback", "--home", tmp_path)
    assert (status, out) == (2, "")
    assert "was current before; see: movierec bundles list" in err
