"""Keep the served films beside the feedback, for programs that ask the database alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_WIDE_INTEGER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "catalogue_release",
        sa.Column("dataset", sa.Text, nullable=False),
        sa.Column("bundle", sa.Text, nullable=False, comment="whose films these are"),
        sa.Column("published_us", _WIDE_INTEGER, nullable=False, comment="microseconds since the epoch, UTC"),
        sa.PrimaryKeyConstraint("dataset", name="pk_catalogue_release"),
        sqlite_strict=True,
    )
    op.create_table(
        "catalogue_film",
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


def downgrade() -> None:
    """Drop both tables: what they hold can be published again from a bundle."""
    op.drop_table("catalogue_film")
    op.drop_table("catalogue_release")
