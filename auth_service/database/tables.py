"""The tables, named and typed as Better Auth 1.7.25 makes them, so that either can serve the data.

Times are stored in UTC with millisecond precision. Tables of our own have names in snake case.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, MetaData, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

_NOW = text("CURRENT_TIMESTAMP")


class Base(DeclarativeBase):
    """What the tables share: Better Auth's names of constraints and its two wide types."""

    metadata = MetaData(
        naming_convention={
            "pk": "%(table_name)s_pkey",
            "uq": "%(table_name)s_%(column_0_name)s_key",
            "fk": "%(table_name)s_%(column_0_name)s_fkey",
            "ix": "%(table_name)s_%(column_0_name)s_idx",
        }
    )
    type_annotation_map = {str: Text(), datetime: DateTime(timezone=True)}  # noqa: RUF012 -- SQLAlchemy's declaration


class User(Base):
    """A reader."""

    __tablename__ = "user"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str] = mapped_column(unique=True)
    email_verified: Mapped[bool] = mapped_column("emailVerified")
    image: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column("createdAt", server_default=_NOW)
    updated_at: Mapped[datetime] = mapped_column("updatedAt", server_default=_NOW)
    software_background: Mapped[str | None] = mapped_column("softwareBackground")
    hardware_background: Mapped[str | None] = mapped_column("hardwareBackground")
    interest_area: Mapped[str | None] = mapped_column("interestArea")
    role: Mapped[str | None]  # several are joined by commas; null is `user`
    banned: Mapped[bool | None]
    ban_reason: Mapped[str | None] = mapped_column("banReason")
    ban_expires: Mapped[datetime | None] = mapped_column("banExpires")


class Session(Base):
    """A person signed in at one client, named by its token."""

    __tablename__ = "session"

    id: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column("expiresAt")
    token: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column("createdAt", server_default=_NOW)
    updated_at: Mapped[datetime] = mapped_column("updatedAt")
    ip_address: Mapped[str | None] = mapped_column("ipAddress")
    user_agent: Mapped[str | None] = mapped_column("userAgent")
    user_id: Mapped[str] = mapped_column(
        "userId", ForeignKey(User.id, ondelete="CASCADE"), index=True
    )
    # A Node server with the admin plugin writes it; here nobody becomes somebody else.
    impersonated_by: Mapped[str | None] = mapped_column("impersonatedBy")


class Account(Base):
    """A way a user signs in: the provider `credential` with a password, or an OAuth provider."""

    __tablename__ = "account"

    id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str] = mapped_column("accountId")
    provider_id: Mapped[str] = mapped_column("providerId")
    user_id: Mapped[str] = mapped_column(
        "userId", ForeignKey(User.id, ondelete="CASCADE"), index=True
    )
    access_token: Mapped[str | None] = mapped_column("accessToken")
    refresh_token: Mapped[str | None] = mapped_column("refreshToken")
    id_token: Mapped[str | None] = mapped_column("idToken")
    access_token_expires_at: Mapped[datetime | None] = mapped_column("accessTokenExpiresAt")
    refresh_token_expires_at: Mapped[datetime | None] = mapped_column("refreshTokenExpiresAt")
    scope: Mapped[str | None]
    password: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column("createdAt", server_default=_NOW)
    updated_at: Mapped[datetime] = mapped_column("updatedAt")


class Verification(Base):
    """A value that works once, such as a password reset; the newest of an identifier counts."""

    __tablename__ = "verification"

    id: Mapped[str] = mapped_column(primary_key=True)
    identifier: Mapped[str] = mapped_column(index=True)
    value: Mapped[str]
    expires_at: Mapped[datetime] = mapped_column("expiresAt")
    created_at: Mapped[datetime] = mapped_column("createdAt", server_default=_NOW)
    updated_at: Mapped[datetime] = mapped_column("updatedAt", server_default=_NOW)


class SigningKey(Base):
    """A key pair that signs Better Auth's own JWTs."""

    __tablename__ = "jwks"

    id: Mapped[str] = mapped_column(primary_key=True)
    public_key: Mapped[str] = mapped_column("publicKey")
    private_key: Mapped[str] = mapped_column("privateKey")
    created_at: Mapped[datetime] = mapped_column("createdAt")
    expires_at: Mapped[datetime | None] = mapped_column("expiresAt")
    alg: Mapped[str | None]
    crv: Mapped[str | None]


class ApiKey(Base):
    """A key that acts as a session; only its hash is stored."""

    __tablename__ = "apikey"

    id: Mapped[str] = mapped_column(primary_key=True)
    config_id: Mapped[str] = mapped_column("configId", index=True)
    name: Mapped[str | None]
    start: Mapped[str | None]
    reference_id: Mapped[str] = mapped_column("referenceId", index=True)
    prefix: Mapped[str | None]
    key: Mapped[str] = mapped_column(index=True)
    refill_interval: Mapped[int | None] = mapped_column("refillInterval")
    refill_amount: Mapped[int | None] = mapped_column("refillAmount")
    last_refill_at: Mapped[datetime | None] = mapped_column("lastRefillAt")
    enabled: Mapped[bool | None]
    rate_limit_enabled: Mapped[bool | None] = mapped_column("rateLimitEnabled")
    rate_limit_time_window: Mapped[int | None] = mapped_column("rateLimitTimeWindow")
    rate_limit_max: Mapped[int | None] = mapped_column("rateLimitMax")
    request_count: Mapped[int | None] = mapped_column("requestCount")
    remaining: Mapped[int | None]
    last_request: Mapped[datetime | None] = mapped_column("lastRequest")
    expires_at: Mapped[datetime | None] = mapped_column("expiresAt")
    created_at: Mapped[datetime] = mapped_column("createdAt")
    updated_at: Mapped[datetime] = mapped_column("updatedAt")
    permissions: Mapped[str | None]
    # `metadata` is taken by SQLAlchemy's declarative classes.
    metadata_json: Mapped[str | None] = mapped_column("metadata")


class Revocation(Base):
    """Tokens that count no more; most rows are written by triggers on the tables above.

    Attributes:
        id: Its place in the order of commits, from 1; below 0 until then.
        kind: `session` or `user`: which of them `value` names. An API key's id stands for the
            session of the tokens drawn with it.
        value: The id.
        not_before: Tokens issued earlier count no more; None: no token does. Of several rows
            about one id the last counts.
        at: When it was numbered, by the database's clock.
    """

    __tablename__ = "revocation"

    id: Mapped[int] = mapped_column(
        BigInteger(),
        primary_key=True,
        # Said to be one, or Alembic would draw a number to compare the default.
        autoincrement=True,
        server_default=text("(- nextval('revocation_number'::regclass))"),
    )
    kind: Mapped[str]
    value: Mapped[str]
    not_before: Mapped[datetime | None]
    at: Mapped[datetime] = mapped_column(server_default=_NOW)


class RefreshToken(Base):
    """A family of refresh tokens: what is known of its newest, and of those used lately."""

    __tablename__ = "refresh_token"

    family_hash: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey(Session.id, ondelete="CASCADE"), index=True)
    token_hash: Mapped[str]
    nonce: Mapped[str]
    used_lately: Mapped[list[dict[str, str | int]]] = mapped_column(JSONB)
    created_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class AuditEvent(Base):
    """What happened to whom; the database lets nobody change it, and old rows be pruned alone."""

    __tablename__ = "audit_event"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(index=True)
    event: Mapped[str] = mapped_column(index=True)
    actor_id: Mapped[str | None] = mapped_column(index=True)  # no key: rows outlive their users
    user_id: Mapped[str | None] = mapped_column(index=True)
    ip_address: Mapped[str]
    request_id: Mapped[str]
    trace_id: Mapped[str] = mapped_column(server_default="")  # older releases write none
    detail: Mapped[Mapping[str, str | int] | None] = mapped_column(JSONB(none_as_null=True))
