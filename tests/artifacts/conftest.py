from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier

from movierec.artifacts import BuildFacts, write_bundle
from movierec.schema import DatasetInfo


@pytest.fixture
def facts() -> BuildFacts:
    info = DatasetInfo("Toy Set", "ab" * 32, True, "none", "none", 3, 4, 5, 0, 1_600_000_000)
    return BuildFacts(dataset=info, fingerprint="fp", feature_names=("a", "b"), source_names=("als",))


@pytest.fixture
def build(tmp_path: Path, facts: BuildFacts) -> Callable[..., str]:
    def build_toy(seed: int = 0, fingerprint: str = "fp") -> str:
        chosen = facts.model_copy(update={"fingerprint": fingerprint})
        with write_bundle(tmp_path, chosen) as writer:
            writer.save_arrays("recall/toy.npz", {"x": np.arange(6) + seed, "y": np.ones(2, np.float32)})
            writer.save_array("factors.npy", np.full((3, 2), seed, np.float32))
            writer.save_model("ranker.joblib", DummyClassifier().fit([[0], [1]], [0, 1]))
            (writer.path / "titles.csv").write_text(f"title\nFilm {seed}\n", encoding="utf-8")
            writer.describe(metrics={"ndcg": 0.25, "gap": float("nan")}, build_seconds=1.5)
        return writer.version

    return build_toy
