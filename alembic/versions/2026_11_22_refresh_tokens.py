"""Keep refresh tokens: a row for each family, which ends with its session.

Revision: refresh_tokens, after first_tables.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "refresh_tokens"
down_revision = "revocation"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "refresh_token",
        sa.Column("family_hash", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("used_lately", JSONB(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("ends_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("family_hash", name="refresh_token_pkey"),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["session.id"],
            name="refresh_token_session_id_fkey",
            ondelete="CASCADE",
        ),
    )
    op.create_index("refresh_token_session_id_idx", "refresh_token", ["session_id"])
    op.create_index("refresh_token_expires_at_idx", "refresh_token", ["expires_at"])


def downgrade() -> None:
    op.drop_table("refresh_token")
