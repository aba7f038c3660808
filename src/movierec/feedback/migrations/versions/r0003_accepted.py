"""Order a viewer's events by when the server took them: through a broker they may be stored in another order.

Events that are there keep their order: each counts as accepted no earlier than those stored before it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_WIDE_INTEGER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_FILL = """
UPDATE feedback_event SET accepted_us = placed.accepted_us FROM (
    SELECT event_id, max(server_time_us) OVER (PARTITION BY dataset, user_id ORDER BY sequence) AS accepted_us
    FROM feedback_event
) AS placed WHERE placed.event_id = feedback_event.event_id
"""
# Backwards the order of storing has to become the order of acceptance; sequences are the key, so they first
# leave the range that is in use.
_RENUMBER = (
    "UPDATE feedback_event SET sequence = sequence + 4611686018427387904",
    """
UPDATE feedback_event SET sequence = placed.sequence FROM (
    SELECT event_id, row_number() OVER (PARTITION BY dataset ORDER BY accepted_us, sequence) AS sequence
    FROM feedback_event
) AS placed WHERE placed.event_id = feedback_event.event_id
""",
)


def upgrade() -> None:
    """Add the column, fill it from what was stored when, and let the indexes follow it."""
    op.drop_index("ix_feedback_event_user", "feedback_event")
    op.add_column(
        "feedback_event",
        sa.Column(
            "accepted_us",
            _WIDE_INTEGER,
            nullable=False,
            server_default="0",
            comment="order of a viewer's events: microseconds since the epoch, UTC",
        ),
    )
    op.execute(_FILL)
    op.create_index(
        "ix_feedback_event_user", "feedback_event", ["dataset", "user_id", "accepted_us", "sequence"]
    )
    op.create_index("ix_feedback_event_order", "feedback_event", ["dataset", "accepted_us", "sequence"])


def downgrade() -> None:
    """Renumber the events in the order of acceptance, which older code takes from there; drop the column."""
    for statement in _RENUMBER:
        op.execute(statement)
    op.drop_index("ix_feedback_event_order", "feedback_event")
    op.drop_index("ix_feedback_event_user", "feedback_event")
    op.drop_column("feedback_event", "accepted_us")
    op.create_index("ix_feedback_event_user", "feedback_event", ["dataset", "user_id", "sequence"])
