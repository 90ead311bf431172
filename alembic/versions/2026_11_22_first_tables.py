"""Have the tables of Better Auth 1.7.25: made where missing, else taken over from its servers.

Revision: first_tables, the first.
"""

import sqlalchemy as sa
from alembic import op

from auth_service.database.takeover import give_back, take_over

revision = "first_tables"
down_revision = None
branch_labels = None
depends_on = None

_NOW = sa.text("CURRENT_TIMESTAMP")
_TIME = sa.DateTime(timezone=True)
_SCHEMA = sa.MetaData()


def upgrade() -> None:
    take_over(op.get_bind(), _SCHEMA)


def downgrade() -> None:
    give_back(op.get_bind(), _SCHEMA)


sa.Table(
    "user",
    _SCHEMA,
    sa.Column("id", sa.Text(), nullable=False),
    sa.Column("name", sa.Text(), nullable=False),
    sa.Column("email", sa.Text(), nullable=False),
    sa.Column("emailVerified", sa.Boolean(), nullable=False),
    sa.Column("image", sa.Text()),
    sa.Column("createdAt", _TIME, server_default=_NOW, nullable=False),
    sa.Column("updatedAt", _TIME, server_default=_NOW, nullable=False),
    sa.Column("softwareBackground", sa.Text()),
    sa.Column("hardwareBackground", sa.Text()),
    sa.Column("interestArea", sa.Text()),
    sa.PrimaryKeyConstraint("id", name="user_pkey"),
    sa.UniqueConstraint("email", name="user_email_key"),
)
sa.Table(
    "session",
    _SCHEMA,
    sa.Column("id", sa.Text(), nullable=False),
    sa.Column("expiresAt", _TIME, nullable=False),
    sa.Column("token", sa.Text(), nullable=False),
    sa.Column("createdAt", _TIME, server_default=_NOW, nullable=False),
    sa.Column("updatedAt", _TIME, nullable=False),
    sa.Column("ipAddress", sa.Text()),
    sa.Column("userAgent", sa.Text()),
    sa.Column("userId", sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint("id", name="session_pkey"),
    sa.UniqueConstraint("token", name="session_token_key"),
    sa.ForeignKeyConstraint(
        ["userId"], ["user.id"], name="session_userId_fkey", ondelete="CASCADE"
    ),
    sa.Index("session_userId_idx", "userId"),
)
sa.Table(
    "account",
    _SCHEMA,
    sa.Column("id", sa.Text(), nullable=False),
    sa.Column("accountId", sa.Text(), nullable=False),
    sa.Column("providerId", sa.Text(), nullable=False),
    sa.Column("userId", sa.Text(), nullable=False),
    sa.Column("accessToken", sa.Text()),
    sa.Column("refreshToken", sa.Text()),
    sa.Column("idToken", sa.Text()),
    sa.Column("accessTokenExpiresAt", _TIME),
    sa.Column("refreshTokenExpiresAt", _TIME),
    sa.Column("scope", sa.Text()),
    sa.Column("password", sa.Text()),
    sa.Column("createdAt", _TIME, server_default=_NOW, nullable=False),
    sa.Column("updatedAt", _TIME, nullable=False),
    sa.PrimaryKeyConstraint("id", name="account_pkey"),
    sa.ForeignKeyConstraint(
        ["userId"], ["user.id"], name="account_userId_fkey", ondelete="CASCADE"
    ),
    sa.Index("account_userId_idx", "userId"),
)
sa.Table(
    "verification",
    _SCHEMA,
    sa.Column("id", sa.Text(), nullable=False),
    sa.Column("identifier", sa.Text(), nullable=False),
    sa.Column("value", sa.Text(), nullable=False),
    sa.Column("expiresAt", _TIME, nullable=False),
    sa.Column("createdAt", _TIME, server_default=_NOW, nullable=False),
    sa.Column("updatedAt", _TIME, server_default=_NOW, nullable=False),
    sa.PrimaryKeyConstraint("id", name="verification_pkey"),
    sa.Index("verification_identifier_idx", "identifier"),
)
sa.Table(
    "jwks",
    _SCHEMA,
    sa.Column("id", sa.Text(), nullable=False),
    sa.Column("publicKey", sa.Text(), nullable=False),
    sa.Column("privateKey", sa.Text(), nullable=False),
    sa.Column("createdAt", _TIME, nullable=False),
    sa.Column("expiresAt", _TIME),
    sa.Column("alg", sa.Text()),
    sa.Column("crv", sa.Text()),
    sa.PrimaryKeyConstraint("id", name="jwks_pkey"),
)
sa.Table(
    "apikey",
    _SCHEMA,
    sa.Column("id", sa.Text(), nullable=False),
    sa.Column("configId", sa.Text(), nullable=False),
    sa.Column("name", sa.Text()),
    sa.Column("start", sa.Text()),
    sa.Column("referenceId", sa.Text(), nullable=False),
    sa.Column("prefix", sa.Text()),
    sa.Column("key", sa.Text(), nullable=False),
    sa.Column("refillInterval", sa.Integer()),
    sa.Column("refillAmount", sa.Integer()),
    sa.Column("lastRefillAt", _TIME),
    sa.Column("enabled", sa.Boolean()),
    sa.Column("rateLimitEnabled", sa.Boolean()),
    sa.Column("rateLimitTimeWindow", sa.Integer()),
    sa.Column("rateLimitMax", sa.Integer()),
    sa.Column("requestCount", sa.Integer()),
    sa.Column("remaining", sa.Integer()),
    sa.Column("lastRequest", _TIME),
    sa.Column("expiresAt", _TIME),
    sa.Column("createdAt", _TIME, nullable=False),
    sa.Column("updatedAt", _TIME, nullable=False),
    sa.Column("permissions", sa.Text()),
    sa.Column("metadata", sa.Text()),
    sa.PrimaryKeyConstraint("id", name="apikey_pkey"),
    sa.Index("apikey_configId_idx", "configId"),
    sa.Index("apikey_referenceId_idx", "referenceId"),
    sa.Index("apikey_key_idx", "key"),
)
