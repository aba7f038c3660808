"""A running API under requests made from its own description."""

from __future__ import annotations

import re
import shutil
from typing import Any, Final

import requests
import schemathesis

from app.guards import ADMIN_HEADER
from chaos.api import ADMIN_KEY, serve
from chaos.api_fuzz import Tally, fuzz_bodies, fuzz_operations, fuzz_sequences, plant
from chaos.trial import Ground, Outcome, Trial


def run_requests(ground: Ground) -> Outcome:
    """Send a running API requests that keep to its description, that break it, and that no text describes."""
    home = ground.folder / "home"
    shutil.copytree(ground.home, home)
    tally = Tally()
    with serve(home, ground.folder / "api.log") as api, requests.Session() as session:
        url = f"http://127.0.0.1:{api.port}"
        session.trust_env = False
        description = session.get(f"{url}/openapi.json", timeout=30).json()
        films = session.get(f"{url}/movies?limit=20", timeout=30).json()["movies"]
        viewers = session.get(f"{url}/users?limit=20", timeout=30).json()["users"]
        known = {
            "Comedy": session.get(f"{url}/genres", timeout=30).json()["genres"],
            "1": [each["item_id"] for each in films],
            "42": [each["user_id"] for each in viewers],
        }
        schemas = [_load(each, url) for each in (description, plant(description, known))]
        ground.tell("every operation by itself")
        fuzz_operations(schemas, ground.scale(150, least=2), tally, {ADMIN_HEADER: ADMIN_KEY})
        ground.tell("linked requests")
        fuzz_sequences(schemas[1], ground.scale(100, least=2), 12, tally)
        ground.tell("bodies that nothing describes")

        def send(method: str, path: str, body: bytes) -> int:
            kind = {"Content-Type": "application/json"}
            return session.request(method, url + path, data=body, headers=kind, timeout=60).status_code

        fuzz_bodies(description, send, ground.scale(300, least=2), tally)
        alive = session.get(f"{url}/health/ready", timeout=30).status_code == 200
    written = (ground.folder / "api.log").read_text("utf-8", "replace")
    unhandled = len(re.findall(r'"event": ?"unhandled"', written))
    figures = {
        "requests": tally.n_requests,
        "operations": len(tally.operations),
        "answers 5xx (503 apart)": tally.n_server_errors,
        "unhandled errors in the log": unhandled,
        "answers against the description": len(tally.faults),
        **{f"status {status}": count for status, count in sorted(tally.statuses.items())},
    }
    kept = alive and not (tally.faults or tally.n_server_errors or unhandled)
    return Outcome(kept, figures, tuple(fault[:300] for fault in tally.faults[:10]))


def _load(description: dict[str, Any], url: str) -> Any:
    schema = schemathesis.openapi.from_dict(description)
    schema.config.update(base_url=url)
    return schema


REQUESTS: Final = Trial(
    "requests",
    "No request makes the API fail or answer against its own description.",
    run_requests,
)
