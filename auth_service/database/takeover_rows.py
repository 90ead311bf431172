"""Rows of a Better Auth database brought to what our tables, or its own newer ones, ask for."""

from collections.abc import Callable, Mapping
from urllib.parse import quote

import sqlalchemy as sa


def delete_orphans(db: sa.Connection) -> None:
    """Delete the keys of users deleted since, as the foreign key would have."""
    db.execute(
        sa.text(
            'DELETE FROM apikey WHERE NOT EXISTS (SELECT FROM "user" WHERE id = apikey."userId")'
        )
    )


def _fill_owners(db: sa.Connection) -> None:
    db.execute(
        sa.text(
            'DELETE FROM apikey WHERE "userId" IS NULL '
            'AND NOT EXISTS (SELECT FROM "user" WHERE id = apikey."referenceId")'
        )
    )
    db.execute(sa.text('UPDATE apikey SET "userId" = "referenceId" WHERE "userId" IS NULL'))


def _fill_issuers(db: sa.Connection) -> None:
    """Name the issuer of accounts made since, by which 1.7.0 to 1.7.2 look them up."""
    missing = sa.text('SELECT DISTINCT "providerId" FROM account WHERE issuer IS NULL')
    fill = sa.text(
        'UPDATE account SET issuer = :issuer WHERE issuer IS NULL AND "providerId" = :provider'
    )
    for provider in db.scalars(missing).all():
        db.execute(fill, {"issuer": _issuer(provider), "provider": provider})


_OWN_ISSUERS = {"credential": "local:credential", "google": "https://accounts.google.com"}


def _issuer(provider: str) -> str:
    # The signs that JavaScript's encodeURIComponent leaves as they are.
    return _OWN_ISSUERS.get(provider) or "local:oauth:" + quote(provider, safe="!*'()")


FILLED: Mapping[tuple[str, str], Callable[[sa.Connection], None]] = {
    ("account", "issuer"): _fill_issuers,
    ("apikey", "userId"): _fill_owners,
}
"""Columns of other versions, required there, and what gives rows made since their value."""
