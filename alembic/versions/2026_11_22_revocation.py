"""Write down what has been revoked, whoever revokes it: a table, and the triggers that fill it.

A Node server on the same database, or a person with psql, is heard as well: the triggers are the
database's own. Rows are numbered at the end of their transaction, one transaction at a time, so
that whoever has read up to a number has missed nothing below it.

Revision: revocation, after first_tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "revocation"
down_revision = "first_tables"
branch_labels = None
depends_on = None

_NUMBERS = sa.Sequence("revocation_number")
_TIME = sa.DateTime(timezone=True)

# They act as their owner: another server's role may delete sessions and not know this table.
_FUNCTION = """
    CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$ BEGIN {body} RETURN NULL; END $$
"""
_RECORD = """
    INSERT INTO revocation (kind, value, not_before)
    VALUES (TG_ARGV[0], OLD.id, CASE TG_ARGV[1] WHEN 'before' THEN clock_timestamp() END);
"""
# Any number will do for the lock that nobody else takes; alembic/env.py has the one before.
_FINISH = """
    PERFORM pg_advisory_xact_lock(7041776202);
    UPDATE revocation SET id = nextval('revocation_number'), at = clock_timestamp()
    WHERE id = NEW.id;
"""

# Deferred: the lock is the last that a transaction takes, so nobody who waits for it holds what its
# holder still needs, and nobody waits longer than for a commit.
_NUMBERED = """
    CREATE CONSTRAINT TRIGGER revocation_numbered AFTER INSERT ON revocation
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.id < 0)
    EXECUTE FUNCTION number_revocation()
"""

# Name, event, table, condition, and what is written. Tokens drawn with an API key carry its id
# where others carry a session's. Those a key draws once it is enabled again count, and its old ones
# stay ended.
_TRIGGERS = (
    ("session_revoked", "DELETE", "session", 'OLD."expiresAt" > now()', "'session'"),
    ("user_revoked", "DELETE", "user", "true", "'user'"),
    ("apikey_revoked", "DELETE", "apikey", "true", "'session'"),
    (
        "apikey_disabled",
        "UPDATE OF enabled",
        "apikey",
        "OLD.enabled IS NOT false AND NEW.enabled IS false",
        "'session'",
    ),
    (
        "apikey_enabled",
        "UPDATE OF enabled",
        "apikey",
        "OLD.enabled IS false AND NEW.enabled IS NOT false",
        "'session', 'before'",
    ),
)


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(_NUMBERS))
    op.create_table(
        "revocation",
        sa.Column(
            "id",
            sa.BigInteger(),
            server_default=sa.text("(- nextval('revocation_number'::regclass))"),
            nullable=False,
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("not_before", _TIME),
        sa.Column("at", _TIME, server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="revocation_pkey"),
    )
    schema = op.get_bind().scalar(sa.text("SELECT quote_ident(current_schema())"))
    for name, body in (("record_revocation", _RECORD), ("number_revocation", _FINISH)):
        op.execute(_FUNCTION.format(name=name, schema=schema, body=body))
    op.execute(_NUMBERED)
    for name, event, table, condition, written in _TRIGGERS:
        op.execute(
            f'CREATE TRIGGER {name} AFTER {event} ON "{table}" FOR EACH ROW WHEN ({condition})'
            f" EXECUTE FUNCTION record_revocation({written})"
        )


def downgrade() -> None:
    for name, _, table, *_ in _TRIGGERS:
        op.execute(f'DROP TRIGGER {name} ON "{table}"')
    op.drop_table("revocation")
    for name in ("record_revocation", "number_revocation"):
        op.execute(f"DROP FUNCTION {name}()")
    op.execute(sa.schema.DropSequence(_NUMBERS))
