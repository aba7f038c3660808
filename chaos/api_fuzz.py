"""Requests made from the API's own description, right and wrong ones, alone and in sequences."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    missing_required_header,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

# That what is described is accepted cannot be asked: which genres and films exist is not in the description.
CHECKED: Final = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    missing_required_header,
    unsupported_method,
)
SEED: Final = 20261121
PATIENCE: Final = 120.0
"""Seconds to wait for an answer; the first question for what moves the ranker takes a while."""
_WELL_KNOWN: Final = ("Comedy", "1", "42")
"""The examples by which the description's genres, films and viewers are told from other text."""

Send = Callable[[str, str, bytes], int]
"""Sends method, path and JSON body; returns the status."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What was sent and what came back; ``faults`` holds a text for each kind of broken promise."""

    statuses: Counter[int] = field(default_factory=Counter)
    operations: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    @property
    def n_requests(self) -> int:
        """Requests answered."""
        return sum(self.statuses.values())

    @property
    def n_server_errors(self) -> int:
        """Answers of 500 and above, but for 503, which is said on purpose."""
        return sum(count for status, count in self.statuses.items() if status >= 500 and status != 503)


def plant(description: Any, known: Mapping[str, Sequence[str]]) -> Any:
    """Return a description that takes real genres, films and viewers only.

    ``known`` holds real values by the example that stands for their kind: ``Comedy``, ``1``, ``42``.
    """
    if isinstance(description, list):
        return [plant(each, known) for each in description]
    if not isinstance(description, dict):
        return description
    planted = {name: plant(each, known) for name, each in description.items()}
    examples = planted.get("examples")
    kind = examples[0] if isinstance(examples, list) and examples else None
    if planted.get("type") == "string" and kind in _WELL_KNOWN and known.get(kind):
        return {"type": "string", "enum": list(known[kind])}
    return planted


def fuzz_operations(
    schemas: Sequence[Any], n_examples: int, tally: Tally, headers: Mapping[str, str] | None = None
) -> None:
    """Send examples of every operation, as described and against the description, and check the answers.

    ``schemas`` are the API's own and :func:`plant`'s, each loaded by Schemathesis with where to send to;
    ``headers`` go with every request.
    """
    listed = [[result.ok() for result in schema.get_all_operations()] for schema in schemas]
    for variants in zip(*listed, strict=True):
        strategies = [each.as_strategy(generation_mode=GenerationMode.POSITIVE) for each in variants]
        operation = variants[0]
        if operation.query or operation.path_parameters or operation.body:
            strategies.append(operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))

        @_repeat(n_examples)
        @given(case=st.one_of(strategies))
        def send(case: Any) -> None:
            response = case.call(timeout=PATIENCE, headers=dict(headers or {}))
            tally.statuses[response.status_code] += 1
            case.validate_response(response, checks=list(CHECKED))

        _collect(send, operation.label, tally)
        tally.operations.add(operation.label)


def fuzz_sequences(schema: Any, n_examples: int, n_steps: int, tally: Tally) -> None:
    """Follow the links of the description: what one answer names, the next request asks for."""

    class Sequences(schema.as_state_machine()):  # type: ignore[misc]
        """One chain of linked requests."""

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"timeout": PATIENCE}

        def validate_response(self, response: Any, case: Any, **more: Any) -> None:
            tally.statuses[response.status_code] += 1
            case.validate_response(response, checks=list(CHECKED), transport_kwargs=more)

    chosen = _settings(n_examples, stateful_step_count=n_steps)
    _collect(lambda: run_state_machine_as_test(Sequences, settings=chosen), "sequences", tally)


def fuzz_bodies(description: Mapping[str, Any], send: Send, n_rounds: int, tally: Tally) -> None:
    """Send JSON texts that no description covers to every operation that takes a body."""
    chance = random.Random(SEED)  # noqa: S311 - repeatable, not secret
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {})
            if "application/json" not in content:
                continue
            for _ in range(n_rounds):
                names = _list_fields(description, content["application/json"]["schema"])
                body = _spell(names, chance)
                status = send(method.upper(), path, body)
                tally.statuses[status] += 1
                if status not in (200, 201, 400, 401, 403, 404, 409, 413, 422, 503):
                    tally.faults.append(f"{method.upper()} {path} answered {status} to {body[:200]!r}")


def spell_hostile(chance: random.Random) -> str:
    """Return one hostile JSON value as text; some of it is no JSON by the letter, yet parsers take it."""
    depth = chance.choice((1, 40, 900, 20_000))
    return chance.choice(
        (
            *("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "-0.0", "1e-400", "5.0", "true", "null"),
            *('"\\ud800"', '"\\udfff\\ud800"', '"\\u0000"', '"a\\u0007"', '"\\u202e"', "{}", "[]"),
            *("9" * chance.choice((19, 20, 400, 5000)), "-" + "9" * 30, f'"{"x" * 11_000}"'),
            *("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth),
            *('["like"]', '{"$ref": "#"}', '"2026-13-45T99:99:99Z"', "[" + "1," * 3000 + "1]", "[null]"),
        )
    )


def _spell(names: Sequence[str], chance: random.Random) -> bytes:
    chosen = chance.sample(list(names), chance.randint(1, len(names))) if names else []
    harmless = ('"1"', '"m1"', "5", "[]", '"like"', '"8af501a9-b27e-470a-a7c5-671d25afac85"')
    fields = [
        f"{json.dumps(name)}: {spell_hostile(chance) if chance.random() < 0.5 else chance.choice(harmless)}"
        for name in chosen
    ]
    if chance.random() < 0.1:
        return spell_hostile(chance).encode()
    return ("{" + ", ".join(fields) + "}").encode()


def _list_fields(description: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    while "$ref" in schema:
        schema = description["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return list(schema.get("properties", {}))


def _settings(n_examples: int, **more: Any) -> settings:
    return settings(
        max_examples=n_examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
        **more,
    )


def _repeat(n_examples: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    chosen = _settings(n_examples)

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        return chosen(test)

    return decorate


def _collect(run: Callable[[], None], label: str, tally: Tally) -> None:
    try:
        run()
    except BaseExceptionGroup as group:
        tally.faults.extend(f"{label}: {each}" for each in group.exceptions)
    except Exception as error:  # whatever else is wrong with an answer is a fault as well
        tally.faults.append(f"{label}: {type(error).__name__}: {error}")
