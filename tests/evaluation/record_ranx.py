"""Record what ranx says of real lists, as a second opinion on our metrics.

ranx is no test dependency: it brings 17 packages, imports in 6 s, compiles for 36 s on a clean machine and
writes folders to the home. So its figures are recorded once, in an environment of its own:

    python -m venv /tmp/ranx && /tmp/ranx/bin/pip install -c constraints.txt -e '.[test]' ranx==0.3.21
    PYTHONPATH=tests /tmp/ranx/bin/python tests/evaluation/record_ranx.py
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import ranx
from toy_data import SMALL_BUILD, simulate_toy

from movierec.data.splits import user_timeline
from movierec.pipeline import fit_engine

FIGURES = Path(__file__).parent / "fixtures" / "ranx_figures.json"
KS = (1, 10, 20, 50)
NAMES = ("recall", "precision", "hit_rate", "ndcg", "map", "mrr")


def main() -> None:
    films, events = simulate_toy()
    split = user_timeline(events)
    engine = fit_engine(split.train, films, SMALL_BUILD)
    rows = range(0, len(split.truth), 3)
    lists = [
        engine.recommend(split.history(int(split.truth.user_idx[r])), 50).item_idx.tolist() for r in rows
    ]
    truth = [split.truth.items(row).tolist() for row in rows]
    qrels = ranx.Qrels(
        {f"q{number:03}": {str(item): 1 for item in found} for number, found in enumerate(truth)}
    )
    run = ranx.Run(
        {
            f"q{number:03}": {str(item): float(-place) for place, item in enumerate(listed)}
            for number, listed in enumerate(lists)
        }
    )
    names = [f"{name}@{k}" for name in NAMES for k in KS]
    found = ranx.evaluate(qrels, run, names, return_mean=False)
    figures = {name: [round(float(value), 9) for value in found[name]] for name in names}
    content = {"ranx": version("ranx"), "lists": lists, "truth": truth, "figures": figures}
    FIGURES.parent.mkdir(exist_ok=True)
    FIGURES.write_text(json.dumps(content, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
