from __future__ import annotations

from app.routes.sources import SOURCES_EXAMPLE
from app.schemas import SourcesResponse
from movierec.config import Settings
from movierec.data.harvest.archive import Archive, EndpointStatus, PullStatus, read_clock


def test_documented_example_is_a_true_one():
    SourcesResponse.model_validate(SOURCES_EXAMPLE)


def test_without_a_pull_there_is_no_source(client):
    assert client.get("/sources").json() == {"sources": []}


def test_pulls_are_told_by_name_without_address_or_error(client, tmp_path):
    moment = read_clock()
    status = PullStatus(
        url="https://secret.example.org",
        state="failed",
        started=moment,
        updated=moment,
        endpoints={"viewed": EndpointStatus(pages=2, rows=8)},
        error="viewed, page 3: the server answered 500",
    )
    raw = Settings(home=tmp_path).raw_dir
    Archive(raw / "clips").tell(status)
    (raw / "ml-100k").mkdir()
    (raw / "broken").mkdir()
    (raw / "broken" / "pull.json").write_text("{")
    answer = client.get("/sources")
    found = SourcesResponse.model_validate_json(answer.content).sources
    assert [(each.name, each.state, each.endpoints["viewed"].rows) for each in found] == [
        ("clips", "failed", 8)
    ]
    assert "secret" not in answer.text
    assert "500" not in answer.text
