from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from movierec.cli import movierec
from movierec.config import Settings

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_every_setting_is_documented_with_its_default(name: str) -> None:
    page = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    rows = [line for line in page.splitlines() if line.startswith(f"| `MOVIEREC_{name.upper()}` |")]
    assert len(rows) == 1, f"docs/configuration.md needs one row for MOVIEREC_{name.upper()}"
    default = Settings.model_fields[name].default
    shown = "none" if default is None else f"`{default}`"
    assert rows[0].split("|")[2].strip() == shown


def test_no_setting_is_documented_that_does_not_exist() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    settings = page.split("## Settings", 1)[1].split("\n## ", 1)[0]
    documented = re.findall(r"^\| `MOVIEREC_(\w+)`", settings, re.MULTILINE)
    assert {name.lower() for name in documented} == set(Settings.model_fields)


def test_readme_names_every_command() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    for name in movierec.commands:
        assert f"movierec {name}" in readme


@pytest.mark.parametrize("page", ["README.md", "docs/api.md"])
def test_tables_of_endpoints_are_complete_and_name_none_that_does_not_exist(page: str) -> None:
    described = json.loads((ROOT / "tests" / "app" / "openapi.json").read_text("utf-8"))["paths"]
    known = {f"{method.upper()} {path}" for path, methods in described.items() for method in methods}
    text = "\n".join(line for line in (ROOT / page).read_text("utf-8").splitlines() if line.startswith("| "))
    assert set(re.findall(r"`((?:GET|POST|PUT|DELETE|PATCH) /[^`?]*)", text)) == known


@pytest.mark.parametrize(
    "page", ["README.md", "CHANGELOG.md", *(f"docs/{p.name}" for p in ROOT.glob("docs/*.md"))]
)
def test_links_inside_the_project_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", text):
        assert ((ROOT / page).parent / target).exists(), f"{page} links to {target}"


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{p.name}" for p in ROOT.glob("docs/*.md"))])
def test_make_targets_in_the_documentation_exist(page: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    mentioned = re.findall(r"(?:^|`)make ([a-z]+)", (ROOT / page).read_text("utf-8"), re.MULTILINE)
    assert set(mentioned) <= targets
