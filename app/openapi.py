"""The description of the API: problems where they belong, the API key where one is set."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.middleware import KEY_HEADER, is_open
from app.responses import JSON, PROBLEM_JSON
from app.schemas import Problem

DESCRIPTION: Final = """\
Recommendations you can see through: every pick comes with its reasons, and the debug view with the sources,
features and exact contributions behind it. Errors are RFC 9457 problem details with a stable `type`.
"""
TAGS: Final = [
    {"name": "recommendations", "description": "Ranked, explained lists for viewers and visitors."},
    {"name": "viewers", "description": "Who is in the data set, and what they like."},
    {"name": "movies", "description": "The catalogue, neighbours and posters."},
    {"name": "feedback", "description": "Likes, dislikes and saves; they change the next list at once."},
    {"name": "contracts", "description": "The same lists as other programs already ask for them."},
    {"name": "feed", "description": "A personal list in pages that stand still, moods, interactions."},
    {"name": "evaluation", "description": "What was measured: committed reports, this build, its data."},
    {"name": "health", "description": "Whether the API lives and can answer."},
]
_MEANINGS: Final = {
    404: "Named something that does not exist",
    409: "Contradicts what is stored",
    413: "The body is over the limit",
    422: "A parameter or the body cannot be accepted",
    503: "Cannot answer right now; the detail says what to do",
}


def describe_problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the ``responses`` of a route for the problems it can answer with."""
    return {status: {"model": Problem, "description": _MEANINGS[status]} for status in statuses}


def install_openapi(app: FastAPI, *, with_key: bool) -> None:
    """Make the app describe its problems as ``application/problem+json`` and, if set, its key."""

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
            if with_key:
                _demand_key(schema)
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
            for status, response in operation["responses"].items():
                content = response.get("content", {})
                if status >= "400" and JSON in content:
                    content[PROBLEM_JSON] = content.pop(JSON)


def _demand_key(schema: dict[str, Any]) -> None:
    schema["components"]["securitySchemes"] = {
        "api_key": {"type": "apiKey", "in": "header", "name": KEY_HEADER}
    }
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            if not is_open(method.upper(), path):
                operation["security"] = [{"api_key": []}]
