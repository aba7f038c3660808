"""What the stand-in API answers about reports, the check of its build, features and data."""

from __future__ import annotations

from typing import Any

MOMENT = "2026-11-01T12:00:00+00:00"


def measure(mean: float) -> dict[str, float]:
    return {"mean": mean, "low": mean - 0.02, "high": mean + 0.02}


DIFFERENCE = {"mean": 0.04, "low": 0.01, "high": 0.07, "p_value": 0.004}
SYSTEMS = (
    ("v2", "pipeline", 0.23),
    ("v1.5", "pipeline", 0.21),
    ("v1-als", "source", 0.17),
    ("EASE", "peer", 0.19),
)


SHIFTS = {"ndcg@10": 0.0, "recall@10": 0.1, "novelty@10": 2.0, "diversity@10": 0.4}


def evaluation(api: Any, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
    heads = {name: {"name": name, "value": measure(mean)} for name, _, mean in SYSTEMS}
    aimed = {"system": "v2-later", "single": "EASE", "difference": DIFFERENCE}
    overview = {"question": "What is liked later?", "simulated": False, "users": 907, "metric": "ndcg@10"}
    overview |= {"subject": heads["v2"], "merge": heads["v1.5"], "best_single": heads["EASE"]}
    overview |= {"difference": DIFFERENCE, "aimed": aimed}
    names = [("ml-100k", "user-timeline"), ("ml-100k", "random"), ("ml-latest-small", "user-timeline")]
    reports = [{"dataset": dataset, "protocol": protocol} | overview for dataset, protocol in names]
    metrics = ("ndcg@10", "hit_rate@10", "recall@50")
    systems = [
        {"name": name, "metrics": {metric: measure(mean) for metric in metrics}}
        for name, _, mean in SYSTEMS[:3]
    ]
    check = {"viewers": 150, "systems": systems}
    answer = {"bundle": "toy", "dataset": "sample", "simulated": api.simulated, "check": check}
    if not api.has_reports:
        answer["check"], reports = None, []
    return 200, answer | {"reports": reports, "unreadable": []}


def report(api: Any, query: dict[str, list[str]], body: Any, dataset: str, protocol: str) -> tuple[int, Any]:
    systems = [
        {
            "name": name,
            "kind": kind,
            "metrics": {
                metric: measure(mean + shift)
                for metric, shift in (
                    ("ndcg@10", 0),
                    ("recall@10", 0.1),
                    ("novelty@10", 2),
                    ("diversity@10", 0.4),
                )
            },
            "overall": {"coverage@10": mean + 0.1, "gini@10": 0.9},
            "fit_seconds": 1.0,
            "list_milliseconds": 2.0,
        }
        for name, kind, mean in SYSTEMS
    ]
    receipt = {"dataset": dataset, "content_hash": "0" * 64, "simulated": False, "protocol": protocol}
    receipt |= {"question": "What is liked later?", "seed": 0, "n_resamples": 4000, "code": "c0de"}
    receipt |= {"versions": {"python": "3.11"}, "command": f"python scripts/evaluate.py {dataset}"}
    receipt |= {"wall_seconds": 12.0, "restrictions": {}}
    comparisons = [{"other": name, "difference": DIFFERENCE} for name in ("v1.5", "EASE")]
    frame = {"receipt": receipt, "counts": {"users": 907, "rows": 907, "relevant": 4000, "cold_rows": 0}}
    frame |= {"ks": [10], "metric": "ndcg@10", "subject": "v2", "best_other": "v1.5", "best_single": "EASE"}
    return 200, frame | {"systems": systems, "comparisons": comparisons, "aimed": None}


def importance(api: Any, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
    names = ("als_seen_rank", "expected_rating", "merge_score")
    features = [{"name": name, "mean_absolute": 0.5 / (place + 1)} for place, name in enumerate(names)]
    return 200, {"bundle": "toy", "viewers": 40, "items": 400, "features": features}


def dataset(api: Any, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
    facts = {"name": "sample", "simulated": api.simulated, "licence": "made up", "citation": ""}
    facts |= {"content_hash": "0" * 64, "n_users": 12, "n_items": 60, "n_interactions": 1234}
    facts |= {"n_quarantined": 3, "first_event": MOMENT, "last_event": MOMENT}
    facts |= {"density": 0.0557, "median_events": 35.0, "top_tenth_share": 0.34, "n_never_rated": 0}
    facts |= {"mean_rating": 3.7, "ratings": [{"stars": 3.5, "count": 10}, {"stars": 4.0, "count": 20}]}
    return 200, facts | {"genres": [{"name": name, "films": 6} for name in ("Crime", "Drama")]}


def simulation(api: Any, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
    caption = "Simulated viewers, not people."
    if not api.has_reports:
        return 200, {"caption": caption, "loop": None, "ab": None}
    receipt = {"command": "movierec simulate loop", "seed": 0, "code": "0", "versions": {}}
    receipt |= {"wall_seconds": 9.0, "cpu_seconds": 8.0, "build": "a small build"}
    names = ("retrained", "frozen", "popularity", "random")
    curves = [
        {"name": name, "rounds": [measure(0.6), measure(0.8 - 0.1 * place)], "liked": [0.3, 0.2], "marks": 7}
        | {"watched": [measure(0.5), measure(0.7 - 0.1 * place)]}
        for place, name in enumerate(names)
    ]
    gap = {"first": "retrained", "second": "frozen", "difference": DIFFERENCE}
    step = {"after_round": 1, "outcome": "promoted", "reason": "not worse", "events": 900, "difference": None}
    loop = {"receipt": receipt, "viewers": 60, "films": 90, "rated_before": 800, "rounds": 2, "visits": 2}
    loop |= {"places": 10, "curves": curves, "steps": [step], "gaps": [gap], "watchers": 20}
    loop |= {"watched_gaps": [gap | {"second": "popularity"}]}
    points = [
        {"pairs": pairs, "mean": 0.03, "low": 0.03 - 1 / pairs, "high": 0.03 + 1 / pairs, "e_value": 30.0}
        for pairs in (20, 200)
    ]
    estimates = [
        {"policy": policy, "estimator": name, "estimate": measure(0.2), "truth": 0.21}
        for policy in ("v1.5", "v2")
        for name in ("IPS", "SNIPS", "DR")
    ]
    ab = {"receipt": receipt, "viewers": 60, "films": 90, "places": 5, "first": "v1.5", "second": "v2"}
    ab |= {"alpha": 0.05, "pairs": 200, "true_difference": 0.031, "decided_after": 180, "sequence": points}
    ab |= {"aa_runs": 100, "aa_sequential": 0.01, "aa_peeking": 0.31, "logged_visits": 200}
    return 200, {"caption": caption, "loop": loop, "ab": ab | {"temperature": 4.0, "estimates": estimates}}


MEASUREMENT_ROUTES = {
    r"GET /simulation": simulation,
    r"GET /evaluation": evaluation,
    r"GET /evaluation/importance": importance,
    r"GET /evaluation/([^/]+)/([^/]+)": report,
    r"GET /dataset": dataset,
}
