"""What a bundle holds: an engine and the data it answers from, as plain files."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, overload

import numpy as np

from movierec.artifacts import Bundle, BundleWriter
from movierec.engine import Engine
from movierec.errors import IncompatibleBundleError
from movierec.names import Names, read_names, write_names
from movierec.ranking.activity import ItemActivity
from movierec.ranking.bias import RatingBias
from movierec.ranking.features import FEATURE_NAMES, FeatureBuilder
from movierec.ranking.lambdamart import LambdaMart
from movierec.ranking.lean import Lean
from movierec.ranking.linear import LinearPart
from movierec.ranking.match import MatchModel
from movierec.ranking.pace import ItemPace
from movierec.ranking.paths import TreePaths
from movierec.ranking.ranker import Head, Ranker
from movierec.ranking.store import FeatureStore
from movierec.ranking.trees import Forest
from movierec.recall.sources import SOURCE_NAMES, make_sources
from movierec.schema import Catalog, Dataset, Interactions
from movierec.stages import BuildConfig

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

logger = logging.getLogger(__name__)

CONFIG_FILE = "config.json"
CARD_FILE = "model_card.md"
_INTERACTIONS = "interactions.npz"
_ACTIVITY, _PACE, _BIAS = "activity.npz", "pace.npz", "bias.npz"
_MATCH, _ITEM_COLUMNS = "match.npz", "item_columns.npy"
_HEADS, _FOREST, _PATHS = "ranker-heads.npy", "ranker-trees.npz", "ranker-paths.npz"
_LINEAR, _LEAN = "ranker-linear.npz", "ranker-lean.npz"
_LAMBDAMART, _LAMBDAMART_SCALE = "lambdamart-", "lambdamart-scale.npy"


@dataclass(frozen=True)
class Contents:
    """A bundle in memory."""

    engine: Engine
    user_id: tuple[str, ...]
    catalog: Catalog
    interactions: Interactions


def write_contents(
    writer: BundleWriter, engine: Engine, dataset: Dataset, store: FeatureStore, config: BuildConfig
) -> None:
    """Write everything serving needs into a bundle under construction."""
    for name, source in engine.sources.items():
        writer.save_arrays(f"recall/{name}.npz", source.state())
    writer.save_arrays(_ACTIVITY, engine.builder.activity.state())
    writer.save_arrays(_PACE, engine.builder.pace.state())
    writer.save_arrays(_BIAS, engine.builder.bias.state())
    writer.save_arrays(_MATCH, engine.match.state())
    writer.save_array(_ITEM_COLUMNS, engine.builder.item_columns)
    if engine.ranker is not None:
        write_ranker(writer, engine.ranker)
    rows = dataset.interactions
    writer.save_arrays(
        _INTERACTIONS,
        {
            "user_idx": rows.user_idx,
            "item_idx": rows.item_idx,
            "rating": rows.rating,
            "confidence": rows.confidence,
            "timestamp": rows.timestamp,
        },
    )
    write_names(writer, Names(dataset.user_id, dataset.catalog))
    store.write(writer.path / "features")
    (writer.path / CONFIG_FILE).write_text(config.model_dump_json(indent=2) + "\n", encoding="utf-8")


def write_ranker(writer: BundleWriter, ranker: Ranker) -> None:
    """Write the ranker's models and the plain arrays that serving needs of them."""
    stored = ranker.models
    for number in range(len(stored)):
        name = f"ranker-{number}.joblib"
        if isinstance(stored, StoredModels):
            # As they are: pickled again, the same model may give other bytes.
            shutil.copyfile(stored.bundle.file(stored.names[number]), writer.path / name)
        else:
            writer.save_model(name, stored[number])
    writer.save_array(_HEADS, np.array(ranker.heads, dtype=np.str_))
    if ranker.forest is not None:
        writer.save_arrays(_FOREST, ranker.forest.state())
        writer.save_arrays(_PATHS, TreePaths.of(ranker.models).state())
    if ranker.linear is not None:
        writer.save_arrays(_LINEAR, ranker.linear.state())
    if ranker.lean is not None:
        writer.save_arrays(_LEAN, ranker.lean.state())
    if ranker.lambdamart is not None:
        for number, text in enumerate(ranker.lambdamart.texts()):
            (writer.path / f"{_LAMBDAMART}{number}.txt").write_text(text, encoding="utf-8")
        writer.save_array(_LAMBDAMART_SCALE, np.array([ranker.lambdamart.scale]))


def read_contents(bundle: Bundle, *, lenient: bool = False) -> Contents:
    """Return what :func:`write_contents` wrote into a verified bundle.

    A ``lenient`` reader leaves out a ranker that cannot be read, and logs why.

    Raises
    ------
    IncompatibleBundleError
        If the bundle's features or sources are not the ones this code computes.
    """
    manifest = bundle.manifest
    if manifest.feature_names != FEATURE_NAMES or manifest.source_names != SOURCE_NAMES:
        raise IncompatibleBundleError(
            f"bundle {bundle.version} was built with another list of features or sources; run: movierec build"
        )
    config = BuildConfig.model_validate_json(bundle.file(CONFIG_FILE).read_bytes())
    sources = make_sources(config.recall)
    for name, source in sources.items():
        source.restore(bundle.arrays(f"recall/{name}.npz"))
    names = read_names(bundle)
    builder = FeatureBuilder.assemble(
        sources,
        ItemActivity.from_state(bundle.arrays(_ACTIVITY)),
        ItemPace.from_state(bundle.arrays(_PACE)),
        RatingBias.from_state(bundle.arrays(_BIAS)),
        np.asarray(bundle.array(_ITEM_COLUMNS)),
        manifest.dataset.now,
        names.catalog,
    )
    ranker = _read_ranker_if_sound(bundle) if lenient else read_ranker(bundle)
    engine = Engine(
        sources, config.recall.merge, builder, ranker, MatchModel.from_state(bundle.arrays(_MATCH))
    )
    rows = bundle.arrays(_INTERACTIONS)
    interactions = Interactions(**rows, n_users=len(names.user_id), n_items=len(names.catalog))
    return Contents(engine, names.user_id, names.catalog, interactions)


def _read_ranker_if_sound(bundle: Bundle) -> Ranker | None:
    try:
        return read_ranker(bundle)
    except Exception as error:  # whatever is wrong with it, the sources can be merged without
        logger.error("bundle %s: the ranker is refused: %s", bundle.version, error)
        return None


def read_ranker(bundle: Bundle) -> Ranker | None:
    """Return what :func:`write_ranker` wrote, or None where there is no ranker."""
    files = sorted(bundle.manifest.files)
    classifiers = [name for name in files if name.startswith("ranker-") and name.endswith(".joblib")]
    # Heads are told apart by position, and as text 10 comes before 2.
    classifiers.sort(key=lambda name: int(name.removeprefix("ranker-").removesuffix(".joblib")))
    texts = [
        bundle.file(name).read_text(encoding="utf-8")
        for name in files
        if name.startswith(_LAMBDAMART) and name.endswith(".txt")
    ]
    if not classifiers and not texts:
        return None
    pairwise = (
        LambdaMart.from_texts(texts, float(bundle.array(_LAMBDAMART_SCALE, mmap=False)[0])) if texts else None
    )
    heads = tuple(Head(name) for name in bundle.array(_HEADS, mmap=False))
    forest = Forest.from_state(bundle.arrays(_FOREST)) if _FOREST in bundle.manifest.files else None
    linear = LinearPart.from_state(bundle.arrays(_LINEAR)) if _LINEAR in bundle.manifest.files else None
    models = StoredModels(bundle, tuple(classifiers))
    paths = TreePaths.from_state(bundle.arrays(_PATHS)) if _PATHS in bundle.manifest.files else None
    lean = Lean.from_state(bundle.arrays(_LEAN)) if _LEAN in bundle.manifest.files else None
    return Ranker(models, bundle.manifest.feature_names, pairwise, heads, forest, linear, paths, lean)


@dataclass(frozen=True)
class StoredModels(Sequence["HistGradientBoostingClassifier"]):
    """The classifiers of a bundle, unpickled when the first of them is asked for.

    Serving needs their trees only, which are plain arrays; the models themselves, and with them
    scikit-learn, which alone takes longer to import than the rest of a start, are asked for only where
    trees do not fit that form.
    """

    bundle: Bundle
    names: tuple[str, ...]

    @cached_property
    def _models(self) -> list[HistGradientBoostingClassifier]:
        return [self.bundle.model(name) for name in self.names]

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, index: int) -> HistGradientBoostingClassifier: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[HistGradientBoostingClassifier]: ...
    def __getitem__(
        self, index: int | slice
    ) -> HistGradientBoostingClassifier | Sequence[HistGradientBoostingClassifier]:
        return self._models[index]

    def __iter__(self) -> Iterator[HistGradientBoostingClassifier]:
        return iter(self._models)
