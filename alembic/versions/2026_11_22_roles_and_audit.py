"""Have roles and bans, named as Better Auth's admin plugin names them, and a table of events.

Revision: roles_and_audit, after first_tables.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from auth_service.database.takeover import add_columns, drop_columns

revision = "roles_and_audit"
down_revision = "refresh_tokens"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_ADDED = sa.MetaData()

# What is written stays: also for whoever gets a statement of their own past the service. Old rows
# go by one function alone, which never touches the last day.
_REFUSE = """
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('auth_service.pruning', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'audit_event is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$
"""
_GUARD = """
CREATE TRIGGER audit_event_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()
"""
_PRUNE = """
CREATE FUNCTION prune_audit_events(before timestamptz, at_most integer) RETURNS bigint
    LANGUAGE plpgsql SET auth_service.pruning = 'on' AS $$
DECLARE
    pruned bigint;
BEGIN
    DELETE FROM audit_event WHERE id IN (
        SELECT id FROM audit_event
        WHERE created_at < least(before, now() - interval '1 day')
        ORDER BY created_at LIMIT at_most FOR UPDATE SKIP LOCKED
    );
    GET DIAGNOSTICS pruned = ROW_COUNT;
    RETURN pruned;
END
$$
"""


def upgrade() -> None:
    add_columns(op.get_bind(), _ADDED)
    op.create_table(
        "audit_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text()),
        sa.Column("user_id", sa.Text()),
        sa.Column("ip_address", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("detail", JSONB()),
        sa.PrimaryKeyConstraint("id", name="audit_event_pkey"),
    )
    for column in ("created_at", "event", "actor_id", "user_id"):
        op.create_index(f"audit_event_{column}_idx", "audit_event", [column])
    for statement in (_REFUSE, _GUARD, _PRUNE):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("audit_event")
    op.execute("DROP FUNCTION prune_audit_events(timestamptz, integer)")
    op.execute("DROP FUNCTION refuse_audit_change()")
    drop_columns(op.get_bind(), _ADDED)


sa.Table(
    "user",
    _ADDED,
    sa.Column("role", sa.Text()),
    sa.Column("banned", sa.Boolean()),
    sa.Column("banReason", sa.Text()),
    sa.Column("banExpires", _TIME),
)
sa.Table("session", _ADDED, sa.Column("impersonatedBy", sa.Text()))
