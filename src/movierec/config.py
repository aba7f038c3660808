"""Settings of the running programs (``MOVIEREC_*``); component configs live in ``stages.py``."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What a person or a service manager can set from outside.

    Every field is read from the environment variable ``MOVIEREC_`` + its upper-case name.
    """

    model_config = SettingsConfigDict(env_prefix="MOVIEREC_", frozen=True, extra="ignore")

    home: Path = Field(Path("data"), description="Where raw data, tables, bundles and feedback live.")
    datasets: Path | None = Field(
        None, description="A folder with MovieLens folders or zips, looked up by name before downloading."
    )
    host: str = Field("127.0.0.1", description="Address the API binds; others need an API key.")
    api_port: int = Field(8000, ge=1, le=65535, description="Port of the API.")
    ui_port: int = Field(8501, ge=1, le=65535, description="Port of the Streamlit app.")
    workers: int = Field(1, ge=1, le=64, description="Processes that answer requests to the API.")
    api_url: str | None = Field(None, description="Where the UI finds the API; default is the local one.")
    api_key: SecretStr | None = Field(
        None, description="Required in `X-API-Key` when the API is not on loopback."
    )
    admin_key: SecretStr | None = Field(
        None, description="Wanted in `X-Admin-Key` by everything below `/admin/`, which is closed without it."
    )
    allowed_hosts: str | None = Field(
        None,
        description="More names, separated by commas, that requests may address an API on loopback by.",
    )
    feedback_per_minute: int = Field(
        1200, ge=1, le=1_000_000, description="Writes of feedback per key, where an API key is set."
    )
    max_under_way: int = Field(
        100, ge=1, le=100_000, description="Requests under way at once; more are answered with 503."
    )
    kept_answers: int = Field(
        256, ge=0, le=100_000, description="Lists kept for the same question asked again; 0 keeps none."
    )
    reload_seconds: float = Field(
        2.0, ge=0, le=3600, description="How often the API looks for a new bundle; 0 looks only when told."
    )
    tmdb_token: SecretStr | None = Field(None, description="TMDB read token; switches real posters on.")
    database_url: str | None = Field(
        None, description="SQLAlchemy URL of the feedback store; default is SQLite in the home folder."
    )
    broker_url: str | None = Field(
        None, description="Broker that feedback is published to; without it the API stores feedback itself."
    )
    broker_queue: str = Field(
        "movierec.feedback", min_length=1, max_length=100, description="Name of the queue at the broker."
    )
    broker_redeliver_seconds: float = Field(
        30.0, ge=0.1, le=86_400, description="When Redis or NATS tells a message again that a consumer took."
    )
    cache_url: str | None = Field(
        None, description="Redis that several processes share answers through; without it each keeps its own."
    )
    reports: Path = Field(
        Path("reports/evaluation"), description="Evaluation reports the API shows; may be missing."
    )
    simulation_reports: Path = Field(
        Path("reports/simulation"), description="Reports of simulations the API shows; may be missing."
    )
    log_level: str = Field("INFO", description="Least severe level that is logged.")

    @property
    def raw_dir(self) -> Path:
        """Downloaded data sets."""
        return self.home / "raw"

    @property
    def processed_dir(self) -> Path:
        """Cleaned tables, one folder per data set."""
        return self.home / "processed"

    @property
    def bundles_dir(self) -> Path:
        """Built bundles and the ``CURRENT`` pointer."""
        return self.home / "bundles"

    @property
    def aside_dir(self) -> Path:
        """Bundles that retraining did not promote; they are never served from here."""
        return self.home / "aside"

    @property
    def retraining_dir(self) -> Path:
        """Reports of attempts to learn again, and how far the last one saw."""
        return self.home / "retraining"

    @property
    def posters_dir(self) -> Path:
        """Posters fetched from TMDB."""
        return self.home / "posters"

    @property
    def feedback_path(self) -> Path:
        """The embedded feedback store."""
        return self.home / "feedback.sqlite3"
