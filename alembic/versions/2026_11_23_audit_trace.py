"""Say of events in which trace they happened, beside the request, and forget it with the request.

Revision: audit_trace, after erasure.
"""

import sqlalchemy as sa
from alembic import op

revision = "audit_trace"
down_revision = "erasure"
branch_labels = None
depends_on = None

# As in `erasure`, and of the trace as of the request.
_REFUSE_MORE = """
CREATE OR REPLACE FUNCTION refuse_audit_forgery() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.created_at, NEW.event, NEW.detail)
            IS DISTINCT FROM (OLD.id, OLD.created_at, OLD.event, OLD.detail)
        OR NEW.actor_id IS DISTINCT FROM OLD.actor_id AND NEW.actor_id NOT LIKE 'erased-%'
        OR NEW.user_id IS DISTINCT FROM OLD.user_id AND NEW.user_id NOT LIKE 'erased-%'
        OR (NEW.actor_id IS NULL) <> (OLD.actor_id IS NULL)
        OR (NEW.user_id IS NULL) <> (OLD.user_id IS NULL)
        OR NEW.ip_address NOT IN (OLD.ip_address, '')
        OR NEW.request_id NOT IN (OLD.request_id, ''){trace} THEN
        RAISE EXCEPTION 'audit_event is append-only' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$
"""
_REFUSE_TRACE = """
        OR NEW.trace_id NOT IN (OLD.trace_id, '')"""
_FORGET = """
CREATE OR REPLACE FUNCTION erase_audit_person(person text, pseudonym text) RETURNS bigint
    LANGUAGE plpgsql SET auth_service.erasing = 'on' AS $$
DECLARE
    erased bigint;
BEGIN
    UPDATE audit_event SET
        actor_id = CASE WHEN actor_id = person THEN pseudonym ELSE actor_id END,
        user_id = CASE WHEN user_id = person THEN pseudonym ELSE user_id END,
        request_id = CASE WHEN coalesce(actor_id, person) = person THEN '' ELSE request_id END,
{trace}    ip_address = CASE WHEN coalesce(actor_id, person) = person THEN '' ELSE ip_address END
    WHERE actor_id = person OR user_id = person;
    GET DIAGNOSTICS erased = ROW_COUNT;
    RETURN erased;
END
$$
"""
_FORGET_TRACE = """\
        trace_id = CASE WHEN coalesce(actor_id, person) = person THEN '' ELSE trace_id END,
"""


def upgrade() -> None:
    # A constant default is a note in the catalogue: rows are not touched, however many there are.
    # It stays, for releases before this one that write beside it.
    op.add_column(
        "audit_event", sa.Column("trace_id", sa.Text(), server_default="", nullable=False)
    )
    op.execute(_REFUSE_MORE.format(trace=_REFUSE_TRACE))
    op.execute(_FORGET.format(trace=_FORGET_TRACE))


def downgrade() -> None:
    op.execute(_FORGET.format(trace=""))
    op.execute(_REFUSE_MORE.format(trace=""))
    op.drop_column("audit_event", "trace_id")
