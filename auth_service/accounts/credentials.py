"""The account that holds a password, which a user has one of or none."""

from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from auth_service.accounts.passwords import CREDENTIAL
from auth_service.database.tables import Account
from auth_service.identifiers import new_identifier


async def add_credential(db: AsyncSession, user_id: str, hashed: str, now: datetime) -> None:
    """Store the account by which a user signs in with a password; there must be none yet."""
    await db.execute(
        insert(Account).values(
            id=new_identifier(),
            account_id=user_id,
            provider_id=CREDENTIAL,
            user_id=user_id,
            password=hashed,
            created_at=now,
            updated_at=now,
        )
    )
