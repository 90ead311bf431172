CREATE TABLE public.account (
    id text NOT NULL,
    "accountId" text NOT NULL,
    "providerId" text NOT NULL,
    "userId" text NOT NULL,
    "accessToken" text,
    "refreshToken" text,
    "idToken" text,
    "accessTokenExpiresAt" timestamp with time zone,
    "refreshTokenExpiresAt" timestamp with time zone,
    scope text,
    password text,
    "createdAt" timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    "updatedAt" timestamp with time zone NOT NULL
);
CREATE TABLE public.apikey (
    id text NOT NULL,
    "configId" text NOT NULL,
    name text,
    start text,
    "referenceId" text NOT NULL,
    prefix text,
    key text NOT NULL,
    "refillInterval" integer,
    "refillAmount" integer,
    "lastRefillAt" timestamp with time zone,
    enabled boolean,
    "rateLimitEnabled" boolean,
    "rateLimitTimeWindow" integer,
    "rateLimitMax" integer,
    "requestCount" integer,
    remaining integer,
    "lastRequest" timestamp with time zone,
    "expiresAt" timestamp with time zone,
    "createdAt" timestamp with time zone NOT NULL,
    "updatedAt" timestamp with time zone NOT NULL,
    permissions text,
    metadata text
);
CREATE TABLE public.jwks (
    id text NOT NULL,
    "publicKey" text NOT NULL,
    "privateKey" text NOT NULL,
    "createdAt" timestamp with time zone NOT NULL,
    "expiresAt" timestamp with time zone
);
CREATE TABLE public.session (
    id text NOT NULL,
    "expiresAt" timestamp with time zone NOT NULL,
    token text NOT NULL,
    "createdAt" timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    "updatedAt" timestamp with time zone NOT NULL,
    "ipAddress" text,
    "userAgent" text,
    "userId" text NOT NULL
);
CREATE TABLE public."user" (
    id text NOT NULL,
    name text NOT NULL,
    email text NOT NULL,
    "emailVerified" boolean NOT NULL,
    image text,
    "createdAt" timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    "updatedAt" timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    "softwareBackground" text,
    "hardwareBackground" text,
    "interestArea" text
);
CREATE TABLE public.verification (
    id text NOT NULL,
    identifier text NOT NULL,
    value text NOT NULL,
    "expiresAt" timestamp with time zone NOT NULL,
    "createdAt" timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    "updatedAt" timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL
);
INSERT INTO public.account (id, "accountId", "providerId", "userId", "accessToken", "refreshToken", "idToken", "accessTokenExpiresAt", "refreshTokenExpiresAt", scope, password, "createdAt", "updatedAt") VALUES ('gznIR6fF471DtXWLGYzay1weaCKPgAw6', '8Jj5fVIqxLZN4pMJ7OH90QBjdxOZmYXM', 'credential', '8Jj5fVIqxLZN4pMJ7OH90QBjdxOZmYXM', NULL, NULL, NULL, NULL, NULL, NULL, 'c7dd148387cb0590352801e81aea3459:e14f55c42c16a315e2de3ce1bb6d6efb784bf222a0ab35043a23ec1f45d396ab7b6996f32da1208db358e2aebb2bd104ec2b8aa425f9460cd99ef3166549f631', '2026-11-22 14:59:03.922+00', '2026-11-22 14:59:03.922+00');
INSERT INTO public.account (id, "accountId", "providerId", "userId", "accessToken", "refreshToken", "idToken", "accessTokenExpiresAt", "refreshTokenExpiresAt", scope, password, "createdAt", "updatedAt") VALUES ('3EiXONNJrZSFKfEoWgAke1fmWCGb24JY', '1077', 'google', 'R5NUohlcURcz9O3dVl3apl9GdpDdCT8O', NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-11-22 14:59:04.128+00', '2026-11-22 14:59:04.128+00');
INSERT INTO public.account (id, "accountId", "providerId", "userId", "accessToken", "refreshToken", "idToken", "accessTokenExpiresAt", "refreshTokenExpiresAt", scope, password, "createdAt", "updatedAt") VALUES ('MB8QLxzoBTaCpwq7G7QkBxlWz25LRU16', 'z0XgtvApr3haOOKR6NbLWcZ3nksOa4u1', 'credential', 'z0XgtvApr3haOOKR6NbLWcZ3nksOa4u1', NULL, NULL, NULL, NULL, NULL, NULL, '8e77b1febd0191b9f6bc8bf6a7d4982e:840b25f2df9cc078017a28b01f9e736b423d5e5971394e52c2ebfc7da80c72b87f3cfa268075e516514990903d71a2e80b50c5d89b37c2eb39da8048c3caadc6', '2026-11-22 14:59:04.11+00', '2026-11-22 14:59:05.215+00');
INSERT INTO public.apikey (id, "configId", name, start, "referenceId", prefix, key, "refillInterval", "refillAmount", "lastRefillAt", enabled, "rateLimitEnabled", "rateLimitTimeWindow", "rateLimitMax", "requestCount", remaining, "lastRequest", "expiresAt", "createdAt", "updatedAt", permissions, metadata) VALUES ('PZJtgq7nB6aPhMZCp6KfTkah00TDWkvB', 'default', 'robot', 'DZZYoc', '8Jj5fVIqxLZN4pMJ7OH90QBjdxOZmYXM', NULL, 'BsKK1b4rlXtSf6uMR54eAPpnzRBMtcTAPzIsEFtlJMc', NULL, NULL, NULL, true, true, 86400000, 10, 1, NULL, '2026-11-22 14:59:05.251+00', NULL, '2026-11-22 14:59:05.241+00', '2026-11-22 14:59:05.251+00', NULL, 'null');
INSERT INTO public.jwks (id, "publicKey", "privateKey", "createdAt", "expiresAt") VALUES ('AM3tD51tAvyMPglHMQRMOpZFLzZysK4V', '{"crv":"Ed25519","x":"qHoGv3y4s_YIFwoU8Dqs4WA9u00Pj7gjB9YuHNnG3MM","kty":"OKP"}', '"31e75e5961a0e009c786c9eb31b2ca917bea177ef68d3ea7061991789d53c5fc490cd5640d52c4c862fc36908a788f48c0a7569cd3198646185542d2ca58e547cbdac5e76a9de17d6993a5e0c6d4a6d8df724c44a5be90dab18189006fbd73fba196b4f0f81a4f66d0ae3c1688442c020cb4fdf4e16b775508db6ced047a58fca86741849d6cd0e14e93781f5a2fd8c7cec498bd3122a8967e7cc80633aa990cf28615909083546e84"', '2026-11-22 14:59:05.262+00', NULL);
INSERT INTO public.session (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId") VALUES ('ZhMhv79ouVi08sYp36wdXPVOpC2Spg2P', '2026-11-29 14:59:03.925+00', 'yEhxQuXAKgO4M4hwl8zAaqkHWwIRpzko', '2026-11-22 14:59:03.925+00', '2026-11-22 14:59:03.925+00', '203.0.113.7', 'Mozilla/5.0', '8Jj5fVIqxLZN4pMJ7OH90QBjdxOZmYXM');
INSERT INTO public.session (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId") VALUES ('wX9j1cwuuBpI5jb9kcpZ1sOh8B903lWk', '2026-11-29 14:59:04.111+00', 'xH8RiWkdFevjWt6EfOocUyFFJFUzOWKi', '2026-11-22 14:59:04.111+00', '2026-11-22 14:59:04.111+00', '203.0.113.7', 'Mozilla/5.0', 'z0XgtvApr3haOOKR6NbLWcZ3nksOa4u1');
INSERT INTO public.session (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId") VALUES ('oQItW1T5Z2m5T86KtnkDd8XDRE4z0MVm', '2026-11-29 14:59:04.129+00', 'CQIPrLD3LDF46CpDsmnC2a0ivjlQWStP', '2026-11-22 14:59:04.129+00', '2026-11-22 14:59:04.129+00', '203.0.113.7', 'Mozilla/5.0', 'R5NUohlcURcz9O3dVl3apl9GdpDdCT8O');
INSERT INTO public.session (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId") VALUES ('YK2rCztPVUiaHfXq4rcdxh14X3lLXfpd', '2026-11-23 14:59:04.315+00', 'zZZIWFmbSm2iFifDD6arZ8iJliJu2NVo', '2026-11-22 14:59:04.315+00', '2026-11-22 14:59:04.315+00', '203.0.113.7', 'Mozilla/5.0', '8Jj5fVIqxLZN4pMJ7OH90QBjdxOZmYXM');
INSERT INTO public.session (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId") VALUES ('Tf2HOdzv9TrRbQ1m1FsxVNMBw7aeJE84', '2026-11-22 14:59:06.44+00', 'HFy3cK0UNcRxopOOF8fppy0N9IDc63VG', '2026-11-22 14:59:05.44+00', '2026-11-22 14:59:05.44+00', '203.0.113.7', 'Mozilla/5.0', '8Jj5fVIqxLZN4pMJ7OH90QBjdxOZmYXM');
INSERT INTO public."user" (id, name, email, "emailVerified", image, "createdAt", "updatedAt", "softwareBackground", "hardwareBackground", "interestArea") VALUES ('8Jj5fVIqxLZN4pMJ7OH90QBjdxOZmYXM', 'Reader 1', 'reader1@example.com', false, NULL, '2026-11-22 14:59:03.919+00', '2026-11-22 14:59:03.919+00', 'Python', NULL, NULL);
INSERT INTO public."user" (id, name, email, "emailVerified", image, "createdAt", "updatedAt", "softwareBackground", "hardwareBackground", "interestArea") VALUES ('z0XgtvApr3haOOKR6NbLWcZ3nksOa4u1', 'Reader 2', 'reader2@example.com', false, NULL, '2026-11-22 14:59:04.109+00', '2026-11-22 14:59:04.109+00', NULL, NULL, NULL);
INSERT INTO public."user" (id, name, email, "emailVerified", image, "createdAt", "updatedAt", "softwareBackground", "hardwareBackground", "interestArea") VALUES ('R5NUohlcURcz9O3dVl3apl9GdpDdCT8O', 'Reader 3', 'reader3@example.com', true, NULL, '2026-11-22 14:59:04.123+00', '2026-11-22 14:59:04.123+00', NULL, NULL, NULL);
INSERT INTO public.verification (id, identifier, value, "expiresAt", "createdAt", "updatedAt") VALUES ('eoliZXdvmIjBgzHKJinnYgewtjfGRlYu', 'reset-password:90H4iYXnPUuCmJUJICRKg0qr', 'z0XgtvApr3haOOKR6NbLWcZ3nksOa4u1', '2026-11-22 15:59:05.223+00', '2026-11-22 14:59:05.223+00', '2026-11-22 14:59:05.223+00');
INSERT INTO public.verification (id, identifier, value, "expiresAt", "createdAt", "updatedAt") VALUES ('hx04ladsij1v1uxcnhhxvrsHPTmlYzYt', '6kC4pRJITDfPM62XFmBvMYxI1RXuibpv', '{"callbackURL":"/","codeVerifier":"1hZUeJORaTtFIZWqFaExm_OKIDv7AoPkBZ4dtPkoV_iimAtPtxRmcdKXyet5XT3CyCY7gpyn2FB-C_RP1J3HteThha2ez-eGmgWdUeLPA7CK3XiRU5ikA7FvgPW23To6","expiresAt":1795360145233}', '2026-11-22 15:09:05.233+00', '2026-11-22 14:59:05.233+00', '2026-11-22 14:59:05.233+00');
INSERT INTO public.verification (id, identifier, value, "expiresAt", "createdAt", "updatedAt") VALUES ('WdWNppPOiXipVYPPXYsUbB80hL6Fe9rh', 'reset-password:xR14MrbsP5TFEEExyvaoD4Hh', '8Jj5fVIqxLZN4pMJ7OH90QBjdxOZmYXM', '2026-11-22 14:59:06.269+00', '2026-11-22 14:59:05.269+00', '2026-11-22 14:59:05.269+00');
ALTER TABLE ONLY public.account
    ADD CONSTRAINT account_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.apikey
    ADD CONSTRAINT apikey_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.jwks
    ADD CONSTRAINT jwks_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_token_key UNIQUE (token);
ALTER TABLE ONLY public."user"
    ADD CONSTRAINT user_email_key UNIQUE (email);
ALTER TABLE ONLY public."user"
    ADD CONSTRAINT user_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.verification
    ADD CONSTRAINT verification_pkey PRIMARY KEY (id);
CREATE INDEX "account_userId_idx" ON public.account USING btree ("userId");
CREATE INDEX "apikey_configId_idx" ON public.apikey USING btree ("configId");
CREATE INDEX apikey_key_idx ON public.apikey USING btree (key);
CREATE INDEX "apikey_referenceId_idx" ON public.apikey USING btree ("referenceId");
CREATE INDEX "session_userId_idx" ON public.session USING btree ("userId");
CREATE INDEX verification_identifier_idx ON public.verification USING btree (identifier);
ALTER TABLE ONLY public.account
    ADD CONSTRAINT "account_userId_fkey" FOREIGN KEY ("userId") REFERENCES public."user"(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.session
    ADD CONSTRAINT "session_userId_fkey" FOREIGN KEY ("userId") REFERENCES public."user"(id) ON DELETE CASCADE;
