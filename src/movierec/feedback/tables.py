"""The tables of the feedback store, as the code sees them; the migrations create them."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

metadata: Final = sa.MetaData()

# A database shared with other programs may hold their alembic_version.
VERSION_TABLE: Final = "movierec_version"

# SQLite's STRICT tables know INTEGER only, which is 64 bits wide there.
_WIDE_INTEGER: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# They call the wide floating-point type REAL.
_STARS: Final = sa.Float().with_variant(sa.REAL(), "sqlite")

feedback_event: Final = sa.Table(
    "feedback_event",
    metadata,
    sa.Column("dataset", sa.Text, nullable=False, comment="ids of different data sets must not mix"),
    sa.Column("sequence", _WIDE_INTEGER, nullable=False, comment="server order within the data set"),
    sa.Column("event_id", sa.Text, nullable=False, comment="UUID chosen by the client, lower case"),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("item_id", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("undoes", sa.Text, nullable=True, comment="event_id taken back, for the action undo"),
    sa.Column("server_time_us", _WIDE_INTEGER, nullable=False, comment="microseconds since the epoch, UTC"),
    sa.Column("client_time_us", _WIDE_INTEGER, nullable=True, comment="microseconds since the epoch, UTC"),
    sa.Column("context", sa.Text, nullable=False, comment="JSON object of strings"),
    sa.Column("rating", _STARS, nullable=True, comment="stars from 0.5 to 5, for the action rate"),
    sa.Column(
        "accepted_us",
        _WIDE_INTEGER,
        nullable=False,
        server_default="0",
        comment="order of a viewer's events: microseconds since the epoch, UTC",
    ),
    sa.PrimaryKeyConstraint("dataset", "sequence", name="pk_feedback_event"),
    sa.UniqueConstraint("event_id", name="uq_feedback_event_event_id"),
    sa.Index("ix_feedback_event_user", "dataset", "user_id", "accepted_us", "sequence"),
    sa.Index("ix_feedback_event_order", "dataset", "accepted_us", "sequence"),
    sqlite_strict=True,
)

feedback_revision: Final = sa.Table(
    "feedback_revision",
    metadata,
    sa.Column("dataset", sa.Text, nullable=False),
    sa.Column("revision", _WIDE_INTEGER, nullable=False, comment="number of the last change"),
    sa.PrimaryKeyConstraint("dataset", name="pk_feedback_revision"),
    sqlite_strict=True,
)

feedback_erasure: Final = sa.Table(
    "feedback_erasure",
    metadata,
    sa.Column("dataset", sa.Text, nullable=False),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("erased_us", _WIDE_INTEGER, nullable=False, comment="microseconds since the epoch, UTC"),
    sa.PrimaryKeyConstraint("dataset", "user_id", name="pk_feedback_erasure"),
    sqlite_strict=True,
)

catalogue_release: Final = sa.Table(
    "catalogue_release",
    metadata,
    sa.Column("dataset", sa.Text, nullable=False),
    sa.Column("bundle", sa.Text, nullable=False, comment="whose films these are"),
    sa.Column("published_us", _WIDE_INTEGER, nullable=False, comment="microseconds since the epoch, UTC"),
    sa.PrimaryKeyConstraint("dataset", name="pk_catalogue_release"),
    sqlite_strict=True,
)

catalogue_film: Final = sa.Table(
    "catalogue_film",
    metadata,
    sa.Column("dataset", sa.Text, nullable=False),
    sa.Column("item_id", sa.Text, nullable=False, comment="as in feedback_event"),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("year", sa.Integer, nullable=True),
    sa.Column("genres", sa.Text, nullable=False, comment="JSON array of strings"),
    sa.Column("director", sa.Text, nullable=True),
    sa.Column("imdb_id", sa.Text, nullable=True),
    sa.Column("tmdb_id", _WIDE_INTEGER, nullable=True),
    sa.PrimaryKeyConstraint("dataset", "item_id", name="pk_catalogue_film"),
    sqlite_strict=True,
)
