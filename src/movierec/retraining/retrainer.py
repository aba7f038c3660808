"""An attempt to learn again, and the loop that makes one whenever it is due."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter
from typing import Final

from movierec.artifacts import Bundle, open_current, prune_aside, read_pointer, write_bundle
from movierec.artifacts.manifest import read_manifest
from movierec.bundles import CONFIG_FILE, read_contents
from movierec.config import Settings
from movierec.data.dataset import load_dataset, read_dataset
from movierec.errors import ConfigError, MovieRecError
from movierec.feedback.store import FeedbackStore
from movierec.listing import list_films
from movierec.pipeline import build, describe_build, fingerprint_build, write_fitted
from movierec.retraining.accrual import accrue
from movierec.retraining.condition import Condition
from movierec.retraining.gate import Judgement, Verdict, judge
from movierec.retraining.memory import LastAttempt, recall_attempt, remember_attempt
from movierec.retraining.report import Outcome, RetrainingReport, explain_verdict, write_report
from movierec.schema import Dataset
from movierec.stages import BuildConfig

Progress = Callable[[str], None]
Clock = Callable[[], datetime]

POLL_SECONDS: Final = 30.0


@dataclass(frozen=True)
class Retrainer:
    """Learns again in one home folder.

    Attributes
    ----------
    settings : where bundles, tables and feedback are
    dataset_spec : what the data set is read from; the tables of the served one where None
    config : settings of what is learnt; those of the served bundle where None
    progress : receives one line per stage
    clock : timezone-aware, for reports and conditions
    """

    settings: Settings
    dataset_spec: str | None = None
    config: BuildConfig | None = None
    progress: Progress = lambda _: None
    clock: Clock = lambda: datetime.now(UTC)

    def is_due(self, condition: Condition) -> bool:
        """Say whether enough was said, or time has passed, since the last attempt."""
        folder = self.settings.bundles_dir
        # The manifest alone: hashing a whole bundle every half minute would be a waste.
        served = read_manifest(folder / read_pointer(folder))
        with self._open_store(served.dataset.name) as store:
            revision = store.revision()
        last = recall_attempt(self.settings.retraining_dir, served.dataset.name)
        since = served.created_at if last is None else max(last.finished_at, served.created_at)
        new_events = revision - (0 if last is None else last.revision)
        return condition.is_met(new_events, (self.clock() - since).total_seconds())

    def attempt(self) -> RetrainingReport:
        """Learn from all there is; promote it where the gate lets it pass, else keep it aside.

        The served bundle stays current until the new one is complete. Interrupted, the attempt counts as
        not made; a build that was under way goes on from its last finished stage next time.

        Raises
        ------
        ArtifactError
            If no sound bundle is served.
        DataError, ConfigError
            If the data set cannot be used or is another one.
        FeedbackUnavailableError
            If the store cannot be read.
        """
        started, began = self.clock(), perf_counter()
        bundle = open_current(self.settings.bundles_dir)
        dataset = self._read_dataset(bundle)
        name = dataset.info.name
        with self._open_store(name) as store:
            # Before the events: what comes in between counts as new once more, never as seen.
            revision = store.revision()
            accrued = accrue(dataset, store.events())
        last = recall_attempt(self.settings.retraining_dir, name)
        seen = LastAttempt(
            dataset=name, dataset_hash=dataset.info.content_hash, revision=revision, finished_at=started
        )

        def report(outcome: Outcome, reason: str, version: str | None = None) -> RetrainingReport:
            return RetrainingReport(
                outcome=outcome,
                reason=reason,
                started_at=started,
                seconds=round(perf_counter() - began, 1),
                dataset=name,
                simulated=dataset.info.simulated,
                n_users=accrued.dataset.info.n_users,
                n_interactions=accrued.dataset.info.n_interactions,
                n_live=int(accrued.live.sum()),
                new_events=revision - (0 if last is None else last.revision),
                revision=revision,
                served=bundle.version,
                bundle=version,
            )

        if accrued.dataset.info.content_hash == bundle.manifest.dataset.content_hash:
            return report(Outcome.UNCHANGED, "the served bundle was trained on all there is", bundle.version)
        self.progress(
            f"{name}: {len(accrued.dataset.interactions):,} events, {int(accrued.live.sum()):,} of them live"
        )
        config = self.config or read_config(bundle)
        judgement = judge(accrued, read_contents(bundle), read_config(bundle), config, self.progress)
        gate = judgement.report
        self.progress(f"gate: {explain_verdict(gate)}")
        if gate.verdict is Verdict.PASSED:
            version = build(accrued.dataset, self.settings, config, self.progress).version
            finished = report(Outcome.PROMOTED, explain_verdict(gate), version)
        else:
            finished = report(Outcome.KEPT_ASIDE, explain_verdict(gate), self._keep_aside(judgement, config))
        finished = finished.model_copy(update={"gate": gate})
        paths = write_report(finished, self.settings.retraining_dir)
        remember_attempt(self.settings.retraining_dir, seen.model_copy(update={"finished_at": self.clock()}))
        self.progress(f"{finished.outcome}; the report is {paths[1]}")
        if finished.outcome is Outcome.PROMOTED:
            list_films(self.settings, self.progress)
        return finished

    def watch(self, condition: Condition, wait: Callable[[], None]) -> None:
        """Make an attempt whenever one is due; never ends by itself.

        What fails is told and tried again after the next ``wait``, since the store or the disk may come back.
        """
        while True:
            try:
                if self.is_due(condition):
                    self.attempt()
            except MovieRecError as error:
                self.progress(f"no attempt: {error}")
            wait()

    def _keep_aside(self, judgement: Judgement, config: BuildConfig) -> str | None:
        if judgement.challenger is None:
            return None
        dataset = judgement.train
        facts = describe_build(dataset, fingerprint_build(dataset, config))
        with write_bundle(self.settings.aside_dir, facts, promote=False) as writer:
            write_fitted(writer, judgement.challenger, dataset, config)
        prune_aside(self.settings.aside_dir)
        return writer.version

    def _read_dataset(self, bundle: Bundle) -> Dataset:
        served = bundle.manifest.dataset.name
        if self.dataset_spec is None:
            return read_dataset(self.settings.processed_dir / served)
        dataset = load_dataset(self.dataset_spec, self.settings, self.progress)
        if dataset.info.name != served:
            raise ConfigError(
                f"--dataset must give newer data of {served!r}, which is served, got {dataset.info.name!r}; "
                "for another data set run: movierec build"
            )
        return dataset

    def _open_store(self, dataset: str) -> FeedbackStore:
        return FeedbackStore.open(self.settings.database_url or self.settings.feedback_path, dataset)


def read_config(bundle: Bundle) -> BuildConfig:
    """Return the settings a bundle was built with."""
    return BuildConfig.model_validate_json(bundle.file(CONFIG_FILE).read_bytes())
