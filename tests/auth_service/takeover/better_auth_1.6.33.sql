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
    "updatedAt" timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL
);
CREATE TABLE public.verification (
    id text NOT NULL,
    identifier text NOT NULL,
    value text NOT NULL,
    "expiresAt" timestamp with time zone NOT NULL,
    "createdAt" timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    "updatedAt" timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL
);
INSERT INTO public.account (id, "accountId", "providerId", "userId", "accessToken", "refreshToken", "idToken", "accessTokenExpiresAt", "refreshTokenExpiresAt", scope, password, "createdAt", "updatedAt") VALUES ('S2ioYJBMK5NmvB4lXiivY147zQntgSff', 'MyNqm3KVr5JiXEKP4HEg9mKV2pO5mfiG', 'credential', 'MyNqm3KVr5JiXEKP4HEg9mKV2pO5mfiG', NULL, NULL, NULL, NULL, NULL, NULL, 'f40aeb5f4f8bbbb369f79e29f411ca28:497d2bf686859e02aaa608ea8a614ace6f5a9f8b69a89f1e7223c19137161cef15001d8859ee8c38f5755086f912f8502c8ee11f89d91d556870399588e41c3f', '2026-11-22 14:52:37.137+00', '2026-11-22 14:52:37.137+00');
INSERT INTO public.account (id, "accountId", "providerId", "userId", "accessToken", "refreshToken", "idToken", "accessTokenExpiresAt", "refreshTokenExpiresAt", scope, password, "createdAt", "updatedAt") VALUES ('mQ94YcaiceqGx3rIzBeGt0vrd19g9LiB', '1077', 'google', 'DcR0toevdNMaWIA4NDZfG33b4BR4dUdy', NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-11-22 14:52:37.491+00', '2026-11-22 14:52:37.491+00');
INSERT INTO public.account (id, "accountId", "providerId", "userId", "accessToken", "refreshToken", "idToken", "accessTokenExpiresAt", "refreshTokenExpiresAt", scope, password, "createdAt", "updatedAt") VALUES ('ayZTQ05rNmXjuvEwxa6GxTpL4mke7QXx', 'C6H7GGjUYOueOK1kpmPigBk9u1B0FubJ', 'credential', 'C6H7GGjUYOueOK1kpmPigBk9u1B0FubJ', NULL, NULL, NULL, NULL, NULL, NULL, '498db1dc4021d048961b3209b1fd14e6:588008a6b46416caa607ad906bd8185edb9e1e4e45177c26328d871aff44064cf5c68841f949f9355abaa85bf7560b5a9685691c26d1b081b0280f6362d5897c', '2026-11-22 14:52:37.469+00', '2026-11-22 14:52:38.472+00');
INSERT INTO public.apikey (id, "configId", name, start, "referenceId", prefix, key, "refillInterval", "refillAmount", "lastRefillAt", enabled, "rateLimitEnabled", "rateLimitTimeWindow", "rateLimitMax", "requestCount", remaining, "lastRequest", "expiresAt", "createdAt", "updatedAt", permissions, metadata) VALUES ('C6kGrjTxodjT7krDlzU6fcAhWadfEX5h', 'default', 'robot', 'gbGjRU', 'MyNqm3KVr5JiXEKP4HEg9mKV2pO5mfiG', NULL, 'dtpbrNvPnYHmEFKJoAEwquBZ3GG0pJzvMZOyPnepHoc', NULL, NULL, NULL, true, true, 86400000, 10, 1, NULL, '2026-11-22 14:52:38.503+00', NULL, '2026-11-22 14:52:38.497+00', '2026-11-22 14:52:38.504+00', NULL, 'null');
INSERT INTO public.jwks (id, "publicKey", "privateKey", "createdAt", "expiresAt") VALUES ('PDyevPjnRRKioJK8IcGyPQq0sliB3olH', '{"crv":"Ed25519","x":"DGVlkC1OTW_huKIyk7k2SMKu8tji0GNAg5thsBNo7js","kty":"OKP"}', '"3e0f9d40d375b0f269d4d209ea1cfe8ffa4409d5e615e52d0fdc2cfc7548b82026f0b3d3f28af19ecbdcb862beb52ff4035b1be1edf3dd2e47c820c47bcea09871b700ce84def16f7a8c376807f7aa060eefe438396e723a345aeebb1188d4b4a4487a73e6e43326e9fca3dbcf092b8f29d8bed7a8925d26a402a46de36a36596c63cb5425fb10d87335efca5ba17c034f8141ec76df4f0888b359e9e9088bef47f7f78f89e40cc25e"', '2026-11-22 14:52:38.515+00', NULL);
INSERT INTO public.session (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId") VALUES ('cOr3QEm0lbZNf9jKJtkeoVfYN4tNUscW', '2026-11-29 14:52:37.141+00', 's9AuM8GeeTHESqBZ46TTnsB1aHF1ykCr', '2026-11-22 14:52:37.141+00', '2026-11-22 14:52:37.141+00', '203.0.113.7', 'Mozilla/5.0', 'MyNqm3KVr5JiXEKP4HEg9mKV2pO5mfiG');
INSERT INTO public.session (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId") VALUES ('PtotxU6O7Y6X1h7tfx5M36LXleGf9k3Q', '2026-11-29 14:52:37.47+00', 'ykD5VDrrqYOGO0XWBbaUqpSFWa9xA9w8', '2026-11-22 14:52:37.47+00', '2026-11-22 14:52:37.47+00', '203.0.113.7', 'Mozilla/5.0', 'C6H7GGjUYOueOK1kpmPigBk9u1B0FubJ');
INSERT INTO public.session (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId") VALUES ('tfRCiL4BIGoddiS32waiSj4MsuF93kIn', '2026-11-29 14:52:37.496+00', 'aHnmJvpB5fE7ZUjvV7lIqQMmLR3F75e9', '2026-11-22 14:52:37.496+00', '2026-11-22 14:52:37.496+00', '203.0.113.7', 'Mozilla/5.0', 'DcR0toevdNMaWIA4NDZfG33b4BR4dUdy');
INSERT INTO public.session (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId") VALUES ('TyQkm5m398SJFTeY7UUZvtMA8Bskynyl', '2026-11-23 14:52:37.726+00', '3e3SDCtuA1XFKm6MM2myXYZk69HEfXur', '2026-11-22 14:52:37.726+00', '2026-11-22 14:52:37.726+00', '203.0.113.7', 'Mozilla/5.0', 'MyNqm3KVr5JiXEKP4HEg9mKV2pO5mfiG');
INSERT INTO public.session (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId") VALUES ('03pgUFojywufJynSWv6KU6XG0xz5X97z', '2026-11-22 14:52:39.687+00', 'QpdbZ7G23KBCbPP3aU1TAMUo76ZqhYJt', '2026-11-22 14:52:38.687+00', '2026-11-22 14:52:38.687+00', '203.0.113.7', 'Mozilla/5.0', 'MyNqm3KVr5JiXEKP4HEg9mKV2pO5mfiG');
INSERT INTO public."user" (id, name, email, "emailVerified", image, "createdAt", "updatedAt") VALUES ('MyNqm3KVr5JiXEKP4HEg9mKV2pO5mfiG', 'Reader 1', 'reader1@example.com', false, NULL, '2026-11-22 14:52:37.128+00', '2026-11-22 14:52:37.128+00');
INSERT INTO public."user" (id, name, email, "emailVerified", image, "createdAt", "updatedAt") VALUES ('C6H7GGjUYOueOK1kpmPigBk9u1B0FubJ', 'Reader 2', 'reader2@example.com', false, NULL, '2026-11-22 14:52:37.467+00', '2026-11-22 14:52:37.467+00');
INSERT INTO public."user" (id, name, email, "emailVerified", image, "createdAt", "updatedAt") VALUES ('DcR0toevdNMaWIA4NDZfG33b4BR4dUdy', 'Reader 3', 'reader3@example.com', true, NULL, '2026-11-22 14:52:37.49+00', '2026-11-22 14:52:37.49+00');
INSERT INTO public.verification (id, identifier, value, "expiresAt", "createdAt", "updatedAt") VALUES ('W1k7RPDYHCgCfDehByuhoqZsMgsfoUBK', 'reset-password:tnIvfaAB0DcRoPosJBbfdui6', 'C6H7GGjUYOueOK1kpmPigBk9u1B0FubJ', '2026-11-22 15:52:38.477+00', '2026-11-22 14:52:38.477+00', '2026-11-22 14:52:38.477+00');
INSERT INTO public.verification (id, identifier, value, "expiresAt", "createdAt", "updatedAt") VALUES ('RA5uD9Cw6KDzrkvw0e2WlPOrQXTamkHa', 'F9OGawnqJHmQsNNEQjHRDKVtvukkOi5g', '{"callbackURL":"/","codeVerifier":"gzd9L-iOT-5FWIBn45gCDNGkD0ijzDjyOeFOHdYilwIP8Y42lvK78AsLHAzeh-j_5hjp_tFnufKQY-oZxe5pYHCoBA4bU0-Yxuy_-EbloJvBAb6t-LIS4BmkkQ56pRhM","expiresAt":1795359758488,"oauthState":"F9OGawnqJHmQsNNEQjHRDKVtvukkOi5g"}', '2026-11-22 15:02:38.488+00', '2026-11-22 14:52:38.488+00', '2026-11-22 14:52:38.488+00');
INSERT INTO public.verification (id, identifier, value, "expiresAt", "createdAt", "updatedAt") VALUES ('cr5s2SFUaqhCqMMegquN0IIegeQdu5Jw', 'reset-password:xggjvvrDwIjSW18sxijOjmrg', 'MyNqm3KVr5JiXEKP4HEg9mKV2pO5mfiG', '2026-11-22 14:52:39.525+00', '2026-11-22 14:52:38.525+00', '2026-11-22 14:52:38.525+00');
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
