"""Take ratings given elsewhere: the action ``rate`` and its column ``rating``.

SQLite cannot change the check of a table, so there the table is written anew.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_WIDE_INTEGER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# SQLite's STRICT tables call it REAL, which is as wide there.
_STARS = sa.Float().with_variant(sa.REAL(), "sqlite")
_KEPT = (
    *("dataset", "sequence", "event_id", "user_id", "item_id", "action"),
    *("undoes", "server_time_us", "client_time_us", "context"),
)
_OLD_ACTIONS = "action IN ('like', 'dislike', 'save', 'undo')"
_NEW_ACTIONS = "action IN ('like', 'dislike', 'save', 'rate', 'undo')"
_RATING = "(action = 'rate') = (rating IS NOT NULL) AND (rating IS NULL OR rating BETWEEN 0.5 AND 5)"


def upgrade() -> None:
    """Add the column and widen the check."""
    if op.get_context().dialect.name == "sqlite":
        _rewrite(with_rating=True)
        return
    op.drop_constraint("ck_feedback_event_action", "feedback_event", type_="check")
    op.add_column(
        "feedback_event",
        sa.Column("rating", _STARS, nullable=True, comment="stars from 0.5 to 5, for the action rate"),
    )
    op.create_check_constraint("ck_feedback_event_action", "feedback_event", _NEW_ACTIONS)
    op.create_check_constraint("ck_feedback_event_rating", "feedback_event", _RATING)


def downgrade() -> None:
    """Forget imported ratings, what took them back, and the column."""
    op.execute(
        "DELETE FROM feedback_event WHERE action = 'undo' AND undoes IN "
        "(SELECT event_id FROM feedback_event WHERE action = 'rate')"
    )
    op.execute("DELETE FROM feedback_event WHERE action = 'rate'")
    if op.get_context().dialect.name == "sqlite":
        _rewrite(with_rating=False)
        return
    op.drop_constraint("ck_feedback_event_rating", "feedback_event", type_="check")
    op.drop_constraint("ck_feedback_event_action", "feedback_event", type_="check")
    op.drop_column("feedback_event", "rating")
    op.create_check_constraint("ck_feedback_event_action", "feedback_event", _OLD_ACTIONS)


def _rewrite(*, with_rating: bool) -> None:
    """Copy all rows into a table of the wanted shape and put it in the place of the old one."""
    op.drop_index("ix_feedback_event_user", "feedback_event")
    op.rename_table("feedback_event", "feedback_event_before")
    rating = [
        sa.Column("rating", _STARS, nullable=True, comment="stars from 0.5 to 5, for the action rate"),
        sa.CheckConstraint(_RATING, name="ck_feedback_event_rating"),
    ]
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
        *(rating if with_rating else ()),
        sa.PrimaryKeyConstraint("dataset", "sequence", name="pk_feedback_event"),
        sa.UniqueConstraint("event_id", name="uq_feedback_event_event_id"),
        sa.CheckConstraint("length(dataset) BETWEEN 1 AND 200", name="ck_feedback_event_dataset"),
        sa.CheckConstraint("sequence > 0", name="ck_feedback_event_sequence"),
        sa.CheckConstraint("length(event_id) = 36", name="ck_feedback_event_event_id"),
        sa.CheckConstraint("length(user_id) BETWEEN 1 AND 64", name="ck_feedback_event_user_id"),
        sa.CheckConstraint("length(item_id) BETWEEN 1 AND 64", name="ck_feedback_event_item_id"),
        sa.CheckConstraint(_NEW_ACTIONS if with_rating else _OLD_ACTIONS, name="ck_feedback_event_action"),
        sa.CheckConstraint("(action = 'undo') = (undoes IS NOT NULL)", name="ck_feedback_event_undoes"),
        sa.CheckConstraint("length(context) BETWEEN 2 AND 8192", name="ck_feedback_event_context"),
        sqlite_strict=True,
    )
    columns = ", ".join(_KEPT)
    op.execute(f"INSERT INTO feedback_event ({columns}) SELECT {columns} FROM feedback_event_before")  # noqa: S608 # nosec B608
    op.drop_table("feedback_event_before")
    op.create_index("ix_feedback_event_user", "feedback_event", ["dataset", "user_id", "sequence"])
