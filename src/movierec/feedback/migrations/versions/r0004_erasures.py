"""Remember when a viewer was erased: events accepted before may still be on their way through a broker."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_WIDE_INTEGER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "feedback_erasure",
        sa.Column("dataset", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("erased_us", _WIDE_INTEGER, nullable=False, comment="microseconds since the epoch, UTC"),
        sa.PrimaryKeyConstraint("dataset", "user_id", name="pk_feedback_erasure"),
        sa.CheckConstraint("length(user_id) BETWEEN 1 AND 64", name="ck_feedback_erasure_user_id"),
        sqlite_strict=True,
    )


def downgrade() -> None:
    """Forget the erasures: what is still on its way is stored by older code."""
    op.drop_table("feedback_erasure")
