from __future__ import annotations

import pytest


@pytest.mark.parametrize("viewer", ["%0A", "a%0Ab", "a%0A", "a%00b", ""])
@pytest.mark.parametrize(
    ("method", "page"),
    [
        ("GET", "taste"),
        ("GET", "history"),
        ("GET", "feedback"),
        ("GET", "feedback/export"),
        ("DELETE", "feedback"),
        ("POST", "imports"),
    ],
)
def test_an_id_that_cannot_be_is_refused_by_its_page(client, method: str, page: str, viewer: str) -> None:
    answer = client.request(method, f"/viewers/{viewer}/{page}", content=b"movieId,rating\n1,4\n")
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid-request")
    assert "viewer" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/movies/a%0Ab", "/movies/a%0Ab/similar", "/posters/a%0Ab.svg"])
def test_a_film_with_a_line_break_in_its_id_is_unknown(client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/unknown-item")


@pytest.mark.parametrize("viewer", ["a/b", "a%20b", "%E2%80%A8", "..%2F.."])
def test_an_id_may_hold_slashes_and_blanks(client, viewer: str) -> None:
    assert client.get(f"/viewers/{viewer}/feedback").status_code == 200
