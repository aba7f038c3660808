"""The description of the API: problems where they belong, the API key where one is set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.guards import ADMIN, ADMIN_HEADER, KEY_HEADER, is_open, is_write
from app.responses import JSON, PROBLEM_JSON
from app.schemas import Problem

DESCRIPTION: Final = """\
Recommendations you can see through: every pick comes with its reasons, and the debug view with the sources,
features and exact contributions behind it. Errors are RFC 9457 problem details with a stable `type`.
"""
EXAMPLES: Final[dict[str, Any]] = json.loads(Path(__file__).with_name("examples.json").read_text("utf-8"))
"""By operation; recorded from the API by ``tests/app/test_examples.py``."""

TAGS: Final = [
    {"name": "recommendations", "description": "Ranked, explained lists for viewers and visitors."},
    {"name": "viewers", "description": "Who is in the data set, and what they like."},
    {"name": "movies", "description": "The catalogue, neighbours and posters."},
    {"name": "feedback", "description": "Likes, dislikes and saves; they change the next list at once."},
    {"name": "contracts", "description": "The same lists as other programs already ask for them."},
    {"name": "feed", "description": "A personal list in pages that stand still, moods, interactions."},
    {"name": "evaluation", "description": "What was measured: committed reports, this build, its data."},
    {"name": "health", "description": "Whether the API lives and can answer."},
    {"name": "admin", "description": "What operators do; needs the admin key."},
]
_MEANINGS: Final = {
    400: "The body is no text that JSON could be in",
    401: "The key is missing or wrong",
    403: "Admin actions are switched off",
    404: "Named something that does not exist",
    409: "Contradicts what is stored",
    413: "The body is over the limit",
    422: "A parameter or the body cannot be accepted",
    429: "Too much feedback at once",
    503: "Cannot answer right now; the detail says what to do",
}


def describe_problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the ``responses`` of a route for the problems it can answer with."""
    return {status: {"model": Problem, "description": _MEANINGS[status]} for status in statuses}


def link(operation: str, description: str, **parameters: str) -> dict[str, Any]:
    """Return an OpenAPI link: another operation, and where in this exchange its parameters are."""
    return {"operationId": operation, "parameters": parameters, "description": description}


def install_openapi(app: FastAPI, *, with_key: bool) -> None:
    """Make the app describe its problems as ``application/problem+json``, and which key opens what."""

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                tags=TAGS,
                routes=app.routes,
            )
            _retype_problems(schema)
            _add_examples(schema)
            _demand_keys(schema, with_key=with_key)
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = describe  # type: ignore[method-assign]


def _retype_problems(schema: dict[str, Any]) -> None:
    for name in ("HTTPValidationError", "ValidationError"):
        schema["components"]["schemas"].pop(name, None)
    for operations in schema["paths"].values():
        for operation in operations.values():
            # FastAPI adds its own 422 wherever there is a parameter; ours are declared where they can occur.
            if "HTTPValidationError" in str(operation["responses"].get("422")):
                del operation["responses"]["422"]
            if "requestBody" in operation:
                operation["responses"].setdefault("400", _refer(400))
            for status, response in operation["responses"].items():
                content = response.get("content", {})
                if status >= "400" and JSON in content:
                    content[PROBLEM_JSON] = content.pop(JSON)


def _add_examples(schema: dict[str, Any]) -> None:
    """Give every JSON answer without an example the one that was recorded."""
    for operations in schema["paths"].values():
        for operation in operations.values():
            example = EXAMPLES.get(operation["operationId"])
            for status, response in operation["responses"].items():
                content = response.get("content", {}).get(JSON)
                if status < "300" and content is not None and example is not None:
                    content.setdefault("example", example)


def _demand_keys(schema: dict[str, Any], *, with_key: bool) -> None:
    schemes: dict[str, Any] = {}
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            if path.startswith(ADMIN):
                schemes["admin_key"] = {"type": "apiKey", "in": "header", "name": ADMIN_HEADER}
                operation["security"] = [{"admin_key": []}]
                operation["responses"] |= {"401": _refer(401), "403": _refer(403)}
            elif with_key and not is_open(method.upper(), path):
                schemes["api_key"] = {"type": "apiKey", "in": "header", "name": KEY_HEADER}
                operation["security"] = [{"api_key": []}]
                operation["responses"]["401"] = _refer(401)
            if with_key and is_write(method.upper(), path):
                operation["responses"]["429"] = _refer(429)
    if schemes:
        schema["components"]["securitySchemes"] = schemes


def _refer(status: int) -> dict[str, Any]:
    reference = {"$ref": f"#/components/schemas/{Problem.__name__}"}
    return {"description": _MEANINGS[status], "content": {PROBLEM_JSON: {"schema": reference}}}
