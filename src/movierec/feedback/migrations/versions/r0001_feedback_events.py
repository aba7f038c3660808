"""Create the append-only event table and the revision counter.

The checks repeat what the store checks, because SQLite by itself accepts any length and any word.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_WIDE_INTEGER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "feedback_event",
        sa.Column("dataset", sa.Text, nullable=False, comment="ids of different data sets must not mix"),
        sa.Column("sequence", _WIDE_INTEGER, nullable=False, comment="server order within the data set"),
        sa.Column("event_id", sa.Text, nullable=False, comment="UUID chosen by the client, lower case"),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("item_id", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("undoes", sa.Text, nullable=True, comment="event_id taken back, for the action undo"),
        sa.Column(
            "server_time_us", _WIDE_INTEGER, nullable=False, comment="microseconds since the epoch, UTC"
        ),
        sa.Column(
            "client_time_us", _WIDE_INTEGER, nullable=True, comment="microseconds since the epoch, UTC"
        ),
        sa.Column("context", sa.Text, nullable=False, comment="JSON object of strings"),
        sa.PrimaryKeyConstraint("dataset", "sequence", name="pk_feedback_event"),
        sa.UniqueConstraint("event_id", name="uq_feedback_event_event_id"),
        sa.CheckConstraint("length(dataset) BETWEEN 1 AND 200", name="ck_feedback_event_dataset"),
        sa.CheckConstraint("sequence > 0", name="ck_feedback_event_sequence"),
        sa.CheckConstraint("length(event_id) = 36", name="ck_feedback_event_event_id"),
        sa.CheckConstraint("length(user_id) BETWEEN 1 AND 64", name="ck_feedback_event_user_id"),
        sa.CheckConstraint("length(item_id) BETWEEN 1 AND 64", name="ck_feedback_event_item_id"),
        sa.CheckConstraint("action IN ('like', 'dislike', 'save', 'undo')", name="ck_feedback_event_action"),
        sa.CheckConstraint("(action = 'undo') = (undoes IS NOT NULL)", name="ck_feedback_event_undoes"),
        sa.CheckConstraint("length(context) BETWEEN 2 AND 8192", name="ck_feedback_event_context"),
        sqlite_strict=True,
    )
    op.create_index("ix_feedback_event_user", "feedback_event", ["dataset", "user_id", "sequence"])
    op.create_table(
        "feedback_revision",
        sa.Column("dataset", sa.Text, nullable=False),
        sa.Column("revision", _WIDE_INTEGER, nullable=False, comment="number of the last change"),
        sa.PrimaryKeyConstraint("dataset", name="pk_feedback_revision"),
        sqlite_strict=True,
    )


def downgrade() -> None:
    """Drop both tables and everything in them."""
    op.drop_table("feedback_revision")
    op.drop_table("feedback_event")
