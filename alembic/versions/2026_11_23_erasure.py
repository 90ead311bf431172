"""Let events forget a person: ids, addresses and requests go, and what happened stays.

Revision: erasure, after roles_and_audit.
"""

from alembic import op

revision = "erasure"
down_revision = "roles_and_audit"
branch_labels = None
depends_on = None

_REFUSE = """
CREATE OR REPLACE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('auth_service.pruning', true) = 'on' THEN
        RETURN NULL;
    END IF;{erasing}
    RAISE EXCEPTION 'audit_event is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$
"""
_ERASING = """
    IF TG_OP = 'UPDATE' AND current_setting('auth_service.erasing', true) = 'on' THEN
        RETURN NULL;
    END IF;"""

# Whoever gets past the statement's guard can still make nobody else of anybody: what happened and
# when stays, and an id becomes nothing but a pseudonym.
_REFUSE_MORE = """
CREATE FUNCTION refuse_audit_forgery() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.created_at, NEW.event, NEW.detail)
            IS DISTINCT FROM (OLD.id, OLD.created_at, OLD.event, OLD.detail)
        OR NEW.actor_id IS DISTINCT FROM OLD.actor_id AND NEW.actor_id NOT LIKE 'erased-%'
        OR NEW.user_id IS DISTINCT FROM OLD.user_id AND NEW.user_id NOT LIKE 'erased-%'
        OR (NEW.actor_id IS NULL) <> (OLD.actor_id IS NULL)
        OR (NEW.user_id IS NULL) <> (OLD.user_id IS NULL)
        OR NEW.ip_address NOT IN (OLD.ip_address, '')
        OR NEW.request_id NOT IN (OLD.request_id, '') THEN
        RAISE EXCEPTION 'audit_event is append-only' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$
"""
_GUARD = """
CREATE TRIGGER audit_event_no_forgery BEFORE UPDATE ON audit_event
    FOR EACH ROW EXECUTE FUNCTION refuse_audit_forgery()
"""
# Where somebody else acted on the person, the address and the request are that somebody's.
_FORGET = """
CREATE FUNCTION erase_audit_person(person text, pseudonym text) RETURNS bigint
    LANGUAGE plpgsql SET auth_service.erasing = 'on' AS $$
DECLARE
    erased bigint;
BEGIN
    UPDATE audit_event SET
        actor_id = CASE WHEN actor_id = person THEN pseudonym ELSE actor_id END,
        user_id = CASE WHEN user_id = person THEN pseudonym ELSE user_id END,
        ip_address = CASE WHEN coalesce(actor_id, person) = person THEN '' ELSE ip_address END,
        request_id = CASE WHEN coalesce(actor_id, person) = person THEN '' ELSE request_id END
    WHERE actor_id = person OR user_id = person;
    GET DIAGNOSTICS erased = ROW_COUNT;
    RETURN erased;
END
$$
"""


def upgrade() -> None:
    for statement in (_REFUSE.format(erasing=_ERASING), _REFUSE_MORE, _GUARD, _FORGET):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP FUNCTION erase_audit_person(text, text)")
    op.execute("DROP TRIGGER audit_event_no_forgery ON audit_event")
    op.execute("DROP FUNCTION refuse_audit_forgery()")
    op.execute(_REFUSE.format(erasing=""))
