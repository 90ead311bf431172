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
    "expiresAt" timestamp with time zone,
    alg text,
    crv text
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
INSERT INTO public.account (id, "accountId", "providerId", "userId", "accessToken", "refreshToken", "idToken", "accessTokenExpiresAt", "refreshTokenExpiresAt", scope, password, "createdAt", "updatedAt") VALUES ('fYOAcKCwsveqXgLlmAMm974diosRPB4Q', 'sNvuV3yGrguAlMDQz5HbpoS0oiFMBjBM', 'credential', 'sNvuV3yGrguAlMDQz5HbpoS0oiFMBjBM', NULL, NULL, NULL, NULL, NULL, NULL, '83a54d6b0f02307977dad5a9b7a3779a:8c6bcaeb7e48e3ccfc3b5f7c7d0679ad5ba62970810407218184a3e01a40386a3e669dbd35a06cfba58a06a867822e2a1773945cebdaa5b4d92cb7b1f6f762e8', '2026-11-22 14:53:08.765+00', '2026-11-22 14:53:08.765+00');
INSERT INTO public.account (id, "accountId", "providerId", "userId", "accessToken", "refreshToken", "idToken", "accessTokenExpiresAt", "refreshTokenExpiresAt", scope, password, "createdAt", "updatedAt") VALUES ('Zmbmc6e4KjWC8opdaStots646OdBXqXF', '1077', 'google', '58BMJofkIsFEJZVK2vaV1NxjtZhgZERh', NULL, NULL, '1077', NULL, NULL, NULL, NULL, '2026-11-22 14:53:09.148+00', '2026-11-22 14:53:09.148+00');
INSERT INTO public.account (id, "accountId", "providerId", "userId", "accessToken", "refreshToken", "idToken", "accessTokenExpiresAt", "refreshTokenExpiresAt", scope, password, "createdAt", "updatedAt") VALUES ('yfgZkV8ksspGDaRH8Y0SGS42T5HTdNuU', 'rS6QqgLDnBJtfIXd8zSwIyHEkzppaSB4', 'credential', 'rS6QqgLDnBJtfIXd8zSwIyHEkzppaSB4', NULL, NULL, NULL, NULL, NULL, NULL, '2cf84e75b65ad4ff19d09a2fb235e255:bb789d8e6c88ba15d100774af0b2ebb110e705e98b34b873a7eb5d7b4ee878b989338196198390ef9155d7491661e6de391d7237e7dd5daf4b0a724758bef256', '2026-11-22 14:53:09.109+00', '2026-11-22 14:53:10.03+00');
INSERT INTO public.apikey (id, "configId", name, start, "referenceId", prefix, key, "refillInterval", "refillAmount", "lastRefillAt", enabled, "rateLimitEnabled", "rateLimitTimeWindow", "rateLimitMax", "requestCount", remaining, "lastRequest", "expiresAt", "createdAt", "updatedAt", permissions, metadata) VALUES ('hpHYw8tm36Ag2fMcHjdFBFEm2IIH0M5k', 'default', 'robot', 'tMQPYw', 'sNvuV3yGrguAlMDQz5HbpoS0oiFMBjBM', NULL, 'QoMxEDJ5hFttxghBKuFl-wNEnoRbSeLTjmi16xRQcqQ', NULL, NULL, NULL, true, true, 86400000, 10, 1, NULL, '2026-11-22 14:53:10.07+00', NULL, '2026-11-22 14:53:10.055+00', '2026-11-22 14:53:10.072+00', NULL, 'null');
INSERT INTO public.jwks (id, "publicKey", "privateKey", "createdAt", "expiresAt", alg, crv) VALUES ('C9XFwnYXP8iqHRgQbFIrLK3HDwDiM2ae', '{"crv":"Ed25519","x":"NggQV2dKqXphw-CBItO4qRyfg4Xx7Rg3O5C_PXiib-4","kty":"OKP"}', '"e3e3329b6e662dcf5968675b125cf3932b4cc485a5cb92326f1ba2b954f6bf74a77887bb50d90960f5f39126d70fcf11de4336c4b216a0f46c611f0fb48438c579ee0f53f446d0aa9a57ef096df6df08e65c5d0ccf4770caafd17850b03c4adfe044ad13d82372b6d749fbb7c8aee5eb4e27165ee7ca73b3017a613824b4a6dfb57a7746abe0a3b4c4080bed595a2a0443d15feca40c09ec048a285023c0c713a0baf5aeff169d83b8"', '2026-11-22 14:53:10.084+00', NULL, 'EdDSA', 'Ed25519');
INSERT INTO public.session (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId") VALUES ('AV3u1XrYQGwPm2bCoaweJE92q7TgCWKa', '2026-11-29 14:53:08.767+00', 'QKDB9UZWXyMMyAOBYkyIkk4w8atE7LvP', '2026-11-22 14:53:08.768+00', '2026-11-22 14:53:08.768+00', '203.0.113.7', 'Mozilla/5.0', 'sNvuV3yGrguAlMDQz5HbpoS0oiFMBjBM');
INSERT INTO public.session (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId") VALUES ('ubR6mLy9CsZhKznb2kPMvnmLxrHnFuUp', '2026-11-29 14:53:09.11+00', 'fAowZKcOv0COKNTkUfK2WP0IAfGtVvi4', '2026-11-22 14:53:09.11+00', '2026-11-22 14:53:09.11+00', '203.0.113.7', 'Mozilla/5.0', 'rS6QqgLDnBJtfIXd8zSwIyHEkzppaSB4');
INSERT INTO public.session (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId") VALUES ('M2GEMGQnaPrS22so6lYuive1eVSa0n3R', '2026-11-29 14:53:09.149+00', 'cOCE2AT8GsE4nhaBaf4tPRk5qR7rPuVL', '2026-11-22 14:53:09.149+00', '2026-11-22 14:53:09.149+00', '203.0.113.7', 'Mozilla/5.0', '58BMJofkIsFEJZVK2vaV1NxjtZhgZERh');
INSERT INTO public.session (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId") VALUES ('RH4X9Zatb2HibbxPB7oNvV6SI7Zyc3Bx', '2026-11-23 14:53:09.391+00', 'kwkGfl1EAWbJWPDmFw2vpf39NTUiTmzX', '2026-11-22 14:53:09.391+00', '2026-11-22 14:53:09.391+00', '203.0.113.7', 'Mozilla/5.0', 'sNvuV3yGrguAlMDQz5HbpoS0oiFMBjBM');
INSERT INTO public.session (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId") VALUES ('LEHUk1SPzK4MA0ISqo13gmSxzPuC1iQL', '2026-11-22 14:53:11.198+00', 'ldhpItb0U1sgAkEgXHVC6nKidHL7B3MA', '2026-11-22 14:53:10.198+00', '2026-11-22 14:53:10.198+00', '203.0.113.7', 'Mozilla/5.0', 'sNvuV3yGrguAlMDQz5HbpoS0oiFMBjBM');
INSERT INTO public."user" (id, name, email, "emailVerified", image, "createdAt", "updatedAt", "softwareBackground", "hardwareBackground", "interestArea") VALUES ('sNvuV3yGrguAlMDQz5HbpoS0oiFMBjBM', 'Reader 1', 'reader1@example.com', false, NULL, '2026-11-22 14:53:08.762+00', '2026-11-22 14:53:08.762+00', 'Python', NULL, NULL);
INSERT INTO public."user" (id, name, email, "emailVerified", image, "createdAt", "updatedAt", "softwareBackground", "hardwareBackground", "interestArea") VALUES ('rS6QqgLDnBJtfIXd8zSwIyHEkzppaSB4', 'Reader 2', 'reader2@example.com', false, NULL, '2026-11-22 14:53:09.108+00', '2026-11-22 14:53:09.108+00', NULL, NULL, NULL);
INSERT INTO public."user" (id, name, email, "emailVerified", image, "createdAt", "updatedAt", "softwareBackground", "hardwareBackground", "interestArea") VALUES ('58BMJofkIsFEJZVK2vaV1NxjtZhgZERh', 'Reader 3', 'reader3@example.com', true, NULL, '2026-11-22 14:53:09.133+00', '2026-11-22 14:53:09.133+00', NULL, NULL, NULL);
INSERT INTO public.verification (id, identifier, value, "expiresAt", "createdAt", "updatedAt") VALUES ('0FSANTsku6gB87x11RVFvi4gJs9WPjm6', 'reset-password:pefWPz0eQnIY3AOBtUMpNydB', 'rS6QqgLDnBJtfIXd8zSwIyHEkzppaSB4', '2026-11-22 15:53:10.037+00', '2026-11-22 14:53:10.037+00', '2026-11-22 14:53:10.037+00');
INSERT INTO public.verification (id, identifier, value, "expiresAt", "createdAt", "updatedAt") VALUES ('DoDaRihKx56L3eZZ0oQLQwQ1NXfgFGoE', 'auth-state:Arfgj0l2QfxeSyvS7wER3d0BQ5IkyzkN', '{"callbackURL":"/","codeVerifier":"Un2sQ81Vr2w9LOHdUEclD5GkRyYb_ls22vVLst7Yos7rq0_8eRk7WPpR7aWLhcO3xLhUDNZuPCnjUKagw_w-vz6DSBf4hHI_zdyKL_Eq0KvTzCGnvUjmsmiJXOJdOnYN","expiresAt":1795359790047,"oauthState":"Arfgj0l2QfxeSyvS7wER3d0BQ5IkyzkN"}', '2026-11-22 15:03:10.047+00', '2026-11-22 14:53:10.047+00', '2026-11-22 14:53:10.047+00');
INSERT INTO public.verification (id, identifier, value, "expiresAt", "createdAt", "updatedAt") VALUES ('5IdWpZuh7nos6f00UF3lHehbToM2WBZT', 'reset-password:f2KdV43bdfw2Zd00JJHOlpXj', 'sNvuV3yGrguAlMDQz5HbpoS0oiFMBjBM', '2026-11-22 14:53:11.105+00', '2026-11-22 14:53:10.105+00', '2026-11-22 14:53:10.105+00');
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
