"""Make the tables of Better Auth 1.7.25.

Revision: first_tables, the first.
"""

import sqlalchemy as sa
from alembic import op

revision = "first_tables"
down_revision = None
branch_labels = None
depends_on = None

_NOW = sa.text("CURRENT_TIMESTAMP")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "user",
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
    op.create_table(
        "session",
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
    )
    op.create_index("session_userId_idx", "session", ["userId"])
    op.create_table(
        "account",
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
    )
    op.create_index("account_userId_idx", "account", ["userId"])
    op.create_table(
        "verification",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("identifier", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("expiresAt", _TIME, nullable=False),
        sa.Column("createdAt", _TIME, server_default=_NOW, nullable=False),
        sa.Column("updatedAt", _TIME, server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name="verification_pkey"),
    )
    op.create_index("verification_identifier_idx", "verification", ["identifier"])
    op.create_table(
        "jwks",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("publicKey", sa.Text(), nullable=False),
        sa.Column("privateKey", sa.Text(), nullable=False),
        sa.Column("createdAt", _TIME, nullable=False),
        sa.Column("expiresAt", _TIME),
        sa.Column("alg", sa.Text()),
        sa.Column("crv", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="jwks_pkey"),
    )
    _create_api_keys()


def _create_api_keys() -> None:
    op.create_table(
        "apikey",
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
    )
    op.create_index("apikey_configId_idx", "apikey", ["configId"])
    op.create_index("apikey_referenceId_idx", "apikey", ["referenceId"])
    op.create_index("apikey_key_idx", "apikey", ["key"])


def downgrade() -> None:
    # Those that refer to another first; an index goes with its table.
    for table in ("session", "account", "verification", "jwks", "apikey", "user"):
        op.drop_table(table)
