"""A provider's tokens at rest: encrypted, read, refreshed."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select, update

from auth_service.database.engine import Statements
from auth_service.database.tables import Account
from auth_service.encryption import EncryptionSecrets, decrypt, encrypt, looks_encrypted
from auth_service.oauth.provider import ProviderTokens

ENDS_SOON = timedelta(seconds=5)
"""An access token that lives no longer is refreshed before it is handed out."""


@dataclass(frozen=True, slots=True)
class StoredAccount:
    """An account with a provider, as it is stored."""

    id: str
    account_id: str
    provider_id: str
    access_token: str | None = field(repr=False)
    refresh_token: str | None = field(repr=False)
    id_token: str | None = field(repr=False)
    access_token_expires_at: datetime | None
    refresh_token_expires_at: datetime | None
    scope: str | None

    @property
    def scopes(self) -> list[str]:
        """What its tokens are good for."""
        return list(filter(None, (each.strip() for each in (self.scope or "").split(","))))

    def needs_refresh(self, now: datetime) -> bool:
        """Tell whether the access token is as good as expired."""
        ends = self.access_token_expires_at
        return ends is not None and ends - now < ENDS_SOON


async def find_account(db: Statements, user_id: str, row_id: str) -> StoredAccount | None:
    """Return one of a user's accounts by the id of its row; another's is as good as none."""
    found = await db.execute(
        select(
            Account.id,
            Account.account_id,
            Account.provider_id,
            Account.access_token,
            Account.refresh_token,
            Account.id_token,
            Account.access_token_expires_at,
            Account.refresh_token_expires_at,
            Account.scope,
        ).where(Account.id == row_id, Account.user_id == user_id)
    )
    row = found.one_or_none()
    return None if row is None else StoredAccount(*row)


def columns(tokens: ProviderTokens, secrets: EncryptionSecrets) -> dict[str, object]:
    """Return the columns that hold tokens; those a provider did not hand out stay as they are.

    An id token is stored as it came, as Better Auth stores it.
    """
    values: dict[str, object | None] = {
        "access_token": tokens.access_token and encrypt(tokens.access_token, secrets),
        "refresh_token": tokens.refresh_token and encrypt(tokens.refresh_token, secrets),
        "id_token": tokens.id_token,
        "access_token_expires_at": tokens.access_token_expires_at,
        "refresh_token_expires_at": tokens.refresh_token_expires_at,
    }
    return {name: value for name, value in values.items() if value is not None}


def read(stored: str | None, secrets: EncryptionSecrets) -> str | None:
    """Return a token; one that was stored in clear is read as it is.

    Raises:
        Undecipherable: It is encrypted under a secret nobody knows.
    """
    if stored is None or not looks_encrypted(stored):
        return stored
    return decrypt(stored, secrets)


async def store_refreshed(
    db: Statements,
    account: StoredAccount,
    tokens: ProviderTokens,
    secrets: EncryptionSecrets,
    now: datetime,
) -> None:
    """Store tokens just refreshed, unless others have been since the account was read."""
    await db.execute(
        update(Account)
        .where(Account.id == account.id, Account.refresh_token == account.refresh_token)
        .values(**columns(tokens, secrets), updated_at=now)
    )
