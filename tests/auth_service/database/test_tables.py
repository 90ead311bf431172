"""The migrated database, compared with what Better Auth 1.7.25 makes of an empty one.

Tables that Better Auth does not have stand behind its own.
"""

import pytest

from tests.auth_service.service import Service

NN = "not null"
NOW = "CURRENT_TIMESTAMP"
TIME = "timestamp with time zone"

# name: type, nullability, default
COLUMNS: dict[str, dict[str, tuple[str, str, str]]] = {
    "user": {
        "id": ("text", NN, ""),
        "name": ("text", NN, ""),
        "email": ("text", NN, ""),
        "emailVerified": ("boolean", NN, ""),
        "image": ("text", "", ""),
        "createdAt": (TIME, NN, NOW),
        "updatedAt": (TIME, NN, NOW),
        "softwareBackground": ("text", "", ""),
        "hardwareBackground": ("text", "", ""),
        "interestArea": ("text", "", ""),
        "role": ("text", "", ""),
        "banned": ("boolean", "", ""),
        "banReason": ("text", "", ""),
        "banExpires": (TIME, "", ""),
    },
    "session": {
        "id": ("text", NN, ""),
        "expiresAt": (TIME, NN, ""),
        "token": ("text", NN, ""),
        "createdAt": (TIME, NN, NOW),
        "updatedAt": (TIME, NN, ""),
        "ipAddress": ("text", "", ""),
        "userAgent": ("text", "", ""),
        "userId": ("text", NN, ""),
        "impersonatedBy": ("text", "", ""),
    },
    "account": {
        "id": ("text", NN, ""),
        "accountId": ("text", NN, ""),
        "providerId": ("text", NN, ""),
        "userId": ("text", NN, ""),
        "accessToken": ("text", "", ""),
        "refreshToken": ("text", "", ""),
        "idToken": ("text", "", ""),
        "accessTokenExpiresAt": (TIME, "", ""),
        "refreshTokenExpiresAt": (TIME, "", ""),
        "scope": ("text", "", ""),
        "password": ("text", "", ""),
        "createdAt": (TIME, NN, NOW),
        "updatedAt": (TIME, NN, ""),
    },
    "verification": {
        "id": ("text", NN, ""),
        "identifier": ("text", NN, ""),
        "value": ("text", NN, ""),
        "expiresAt": (TIME, NN, ""),
        "createdAt": (TIME, NN, NOW),
        "updatedAt": (TIME, NN, NOW),
    },
    "jwks": {
        "id": ("text", NN, ""),
        "publicKey": ("text", NN, ""),
        "privateKey": ("text", NN, ""),
        "createdAt": (TIME, NN, ""),
        "expiresAt": (TIME, "", ""),
        "alg": ("text", "", ""),
        "crv": ("text", "", ""),
    },
    "apikey": {
        "id": ("text", NN, ""),
        "configId": ("text", NN, ""),
        "name": ("text", "", ""),
        "start": ("text", "", ""),
        "referenceId": ("text", NN, ""),
        "prefix": ("text", "", ""),
        "key": ("text", NN, ""),
        "refillInterval": ("integer", "", ""),
        "refillAmount": ("integer", "", ""),
        "lastRefillAt": (TIME, "", ""),
        "enabled": ("boolean", "", ""),
        "rateLimitEnabled": ("boolean", "", ""),
        "rateLimitTimeWindow": ("integer", "", ""),
        "rateLimitMax": ("integer", "", ""),
        "requestCount": ("integer", "", ""),
        "remaining": ("integer", "", ""),
        "lastRequest": (TIME, "", ""),
        "expiresAt": (TIME, "", ""),
        "createdAt": (TIME, NN, ""),
        "updatedAt": (TIME, NN, ""),
        "permissions": ("text", "", ""),
        "metadata": ("text", "", ""),
    },
    # Ours alone.
    "revocation": {
        "id": ("bigint", NN, "(- nextval('revocation_number'::regclass))"),
        "kind": ("text", NN, ""),
        "value": ("text", NN, ""),
        "not_before": (TIME, "", ""),
        "at": (TIME, NN, NOW),
    },
    "refresh_token": {
        "family_hash": ("text", NN, ""),
        "session_id": ("text", NN, ""),
        "token_hash": ("text", NN, ""),
        "nonce": ("text", NN, ""),
        "used_lately": ("jsonb", NN, ""),
        "created_at": (TIME, NN, ""),
        "ends_at": (TIME, NN, ""),
        "expires_at": (TIME, NN, ""),
    },
    "audit_event": {
        "id": ("bigint", NN, ""),
        "created_at": (TIME, NN, ""),
        "event": ("text", NN, ""),
        "actor_id": ("text", "", ""),
        "user_id": ("text", "", ""),
        "ip_address": ("text", NN, ""),
        "request_id": ("text", NN, ""),
        "detail": ("jsonb", "", ""),
        "trace_id": ("text", NN, "''::text"),
    },
}
INDEXES = {
    "user_pkey": 'UNIQUE INDEX user_pkey ON public."user" USING btree (id)',
    "user_email_key": 'UNIQUE INDEX user_email_key ON public."user" USING btree (email)',
    "session_pkey": "UNIQUE INDEX session_pkey ON public.session USING btree (id)",
    "session_token_key": "UNIQUE INDEX session_token_key ON public.session USING btree (token)",
    "session_userId_idx": 'INDEX "session_userId_idx" ON public.session USING btree ("userId")',
    "account_pkey": "UNIQUE INDEX account_pkey ON public.account USING btree (id)",
    "account_userId_idx": 'INDEX "account_userId_idx" ON public.account USING btree ("userId")',
    "verification_pkey": "UNIQUE INDEX verification_pkey ON public.verification USING btree (id)",
    "verification_identifier_idx": "INDEX verification_identifier_idx ON public.verification "
    "USING btree (identifier)",
    "jwks_pkey": "UNIQUE INDEX jwks_pkey ON public.jwks USING btree (id)",
    "apikey_pkey": "UNIQUE INDEX apikey_pkey ON public.apikey USING btree (id)",
    "apikey_configId_idx": 'INDEX "apikey_configId_idx" ON public.apikey USING btree ("configId")',
    "apikey_referenceId_idx": 'INDEX "apikey_referenceId_idx" ON public.apikey '
    'USING btree ("referenceId")',
    "apikey_key_idx": "INDEX apikey_key_idx ON public.apikey USING btree (key)",
    "revocation_pkey": "UNIQUE INDEX revocation_pkey ON public.revocation USING btree (id)",
    "refresh_token_pkey": "UNIQUE INDEX refresh_token_pkey ON public.refresh_token "
    "USING btree (family_hash)",
    "refresh_token_session_id_idx": "INDEX refresh_token_session_id_idx ON public.refresh_token "
    "USING btree (session_id)",
    "refresh_token_expires_at_idx": "INDEX refresh_token_expires_at_idx ON public.refresh_token "
    "USING btree (expires_at)",
    "audit_event_pkey": "UNIQUE INDEX audit_event_pkey ON public.audit_event USING btree (id)",
    **{
        f"audit_event_{column}_idx": f"INDEX audit_event_{column}_idx ON public.audit_event "
        f"USING btree ({column})"
        for column in ("created_at", "event", "actor_id", "user_id")
    },
}
CONSTRAINTS = {
    "user_pkey": "PRIMARY KEY (id)",
    "user_email_key": "UNIQUE (email)",
    "session_pkey": "PRIMARY KEY (id)",
    "session_token_key": "UNIQUE (token)",
    "session_userId_fkey": 'FOREIGN KEY ("userId") REFERENCES "user"(id) ON DELETE CASCADE',
    "account_pkey": "PRIMARY KEY (id)",
    "account_userId_fkey": 'FOREIGN KEY ("userId") REFERENCES "user"(id) ON DELETE CASCADE',
    "verification_pkey": "PRIMARY KEY (id)",
    "jwks_pkey": "PRIMARY KEY (id)",
    "apikey_pkey": "PRIMARY KEY (id)",
    "revocation_pkey": "PRIMARY KEY (id)",
    "revocation_numbered": "TRIGGER DEFERRABLE INITIALLY DEFERRED",
    "refresh_token_pkey": "PRIMARY KEY (family_hash)",
    "refresh_token_session_id_fkey": "FOREIGN KEY (session_id) REFERENCES session(id) "
    "ON DELETE CASCADE",
    "audit_event_pkey": "PRIMARY KEY (id)",
}


@pytest.mark.parametrize("table", COLUMNS)
async def test_a_table_has_better_auths_columns(service: Service, table: str) -> None:
    rows = await service.rows(
        "SELECT attname, format_type(atttypid, atttypmod), "
        "CASE WHEN attnotnull THEN 'not null' ELSE '' END, "
        "coalesce(pg_get_expr(adbin, adrelid), '') "
        "FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum "
        "WHERE attrelid = CAST(:table AS regclass) AND attnum > 0 ORDER BY attnum",
        table=f'"{table}"',
    )
    assert [(row[0], row[1:]) for row in rows] == list(COLUMNS[table].items())


async def test_there_are_no_other_tables(service: Service) -> None:
    rows = await service.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    assert {row[0] for row in rows} == {*COLUMNS, "alembic_version"}


async def test_indexes_have_better_auths_names(service: Service) -> None:
    rows = await service.rows(
        "SELECT indexname, replace(indexdef, 'CREATE ', '') FROM pg_indexes "
        "WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
    )
    assert {row[0]: row[1] for row in rows} == INDEXES


async def test_constraints_have_better_auths_names(service: Service) -> None:
    rows = await service.rows(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE connamespace = 'public'::regnamespace AND contype <> 'n' "
        "AND conrelid <> 'alembic_version'::regclass"
    )
    assert {row[0]: row[1] for row in rows} == CONSTRAINTS
