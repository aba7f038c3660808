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
    api_url: str | None = Field(None, description="Where the UI finds the API; default is the local one.")
    api_key: SecretStr | None = Field(
        None, description="Required in `X-API-Key` when the API is not on loopback."
    )
    tmdb_token: SecretStr | None = Field(None, description="TMDB read token; switches real posters on.")
    database_url: str | None = Field(
        None, description="SQLAlchemy URL of the feedback store; default is SQLite in the home folder."
    )
    reports: Path = Field(
        Path("reports/evaluation"), description="Evaluation reports the API shows; may be missing."
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
    def feedback_path(self) -> Path:
        """The embedded feedback store."""
        return self.home / "feedback.sqlite3"
