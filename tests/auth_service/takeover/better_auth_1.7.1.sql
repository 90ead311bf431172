CREATE TABLE public.account (
    id text NOT NULL,
    issuer text NOT NULL,
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
INSERT INTO public.account (id, issuer, "accountId", "providerId", "userId", "accessToken", "refreshToken", "idToken", "accessTokenExpiresAt", "refreshTokenExpiresAt", scope, password, "createdAt", "updatedAt") VALUES ('xfyoF1W6nnEVFP2Q0kPb0WT5Rqf03Y7c', 'local:credential', 'yZL3N17FcKMVqhpZDtPRBqNXvB6m9VIb', 'credential', 'yZL3N17FcKMVqhpZDtPRBqNXvB6m9VIb', NULL, NULL, NULL, NULL, NULL, NULL, '869eeb9864a5d582cc4cc918c2799065:fa24d1c90a8481a073a52e8fb556f6e3c05dcc5849da83973519f6dd816bbfe520a79c43503e981c59590f4e52cbdc2b6713798c7212e8a33ec6edd77dc94ce4', '2026-11-22 14:52:48.73+00', '2026-11-22 14:52:48.73+00');
INSERT INTO public.account (id, issuer, "accountId", "providerId", "userId", "accessToken", "refreshToken", "idToken", "accessTokenExpiresAt", "refreshTokenExpiresAt", scope, password, "createdAt", "updatedAt") VALUES ('NVvYK4dhx9MSY7igQ9U2JyMll8dQpAcn', 'https://accounts.google.com', '1077', 'google', 'oSYscVNkyrs50PbzFsscg83yYucY5SaB', NULL, NULL, '1077', NULL, NULL, NULL, NULL, '2026-11-22 14:52:48.946+00', '2026-11-22 14:52:48.946+00');
INSERT INTO public.account (id, issuer, "accountId", "providerId", "userId", "accessToken", "refreshToken", "idToken", "accessTokenExpiresAt", "refreshTokenExpiresAt", scope, password, "createdAt", "updatedAt") VALUES ('LCdBiPkKdezFKSoZePO1aHUh27D6c50f', 'local:credential', 'hBrEfrIcnJLS7fiU0zEujfol9jZNY5R7', 'credential', 'hBrEfrIcnJLS7fiU0zEujfol9jZNY5R7', NULL, NULL, NULL, NULL, NULL, NULL, '68ac42b7c1ea7979c5953537303fd52e:eb2977b0d5544cb34f258daba50b7fe1ab9778228965b1249f173b7aca89d0f6b0c45e51ef52f71b17fbcfc303165b1cb35341846a0c49638f56ddb408666c69', '2026-11-22 14:52:48.922+00', '2026-11-22 14:52:49.69+00');
INSERT INTO public.apikey (id, "configId", name, start, "referenceId", prefix, key, "refillInterval", "refillAmount", "lastRefillAt", enabled, "rateLimitEnabled", "rateLimitTimeWindow", "rateLimitMax", "requestCount", remaining, "lastRequest", "expiresAt", "createdAt", "updatedAt", permissions, metadata) VALUES ('inCVD9W2qsp2R1Aqwuy4R3lbud8CJWT0', 'default', 'robot', 'FpSUoM', 'yZL3N17FcKMVqhpZDtPRBqNXvB6m9VIb', NULL, 'p6wp0joF3cKirel_VxePXb6iFsbQGHBFQPx4WrOxX0g', NULL, NULL, NULL, true, true, 86400000, 10, 1, NULL, '2026-11-22 14:52:49.729+00', NULL, '2026-11-22 14:52:49.717+00', '2026-11-22 14:52:49.73+00', NULL, 'null');
INSERT INTO public.jwks (id, "publicKey", "privateKey", "createdAt", "expiresAt", alg, crv) VALUES ('WyR1bR0lPWkr5w8uZAkdye0MefSzlhVc', '{"crv":"Ed25519","x":"ssKcpKbErkcSBodIIFzS3vvuVwHz6pp-TryovbRLDmQ","kty":"OKP"}', '"8257b64ebbb566c805f852f95ebbe2c0a51f41de07682428119e2b9d48df6833f8fd0e1a23cdc95dec0693815658067ba73a936aadebfda09a4b1df03df77c2f8d7e29d548e3b3c676f5b894188976c4af36b0faaafddd97fd20e65e2457d5bb9cd3aeab288c6db44d3b156c09886a0691fedf3b98178b2826be5c2bfa6422a5769aa4d957777dac2247b0bf32fb51744a3aeeb886e17d2a6b3b1ddfe8d4f126c6264030939fa6e5f4"', '2026-11-22 14:52:49.743+00', NULL, 'EdDSA', 'Ed25519');
INSERT INTO public.session (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId") VALUES ('CXgmcUbmnNfeWCV930e52qTDbH64sgdy', '2026-11-29 14:52:48.733+00', 'lReVYuQAbhOCXaNdzs2esXp4SGY7U7Vt', '2026-11-22 14:52:48.733+00', '2026-11-22 14:52:48.733+00', '203.0.113.7', 'Mozilla/5.0', 'yZL3N17FcKMVqhpZDtPRBqNXvB6m9VIb');
INSERT INTO public.session (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId") VALUES ('kpuWM9MmCT1hZhf300Dr2f2b2HmVoDiL', '2026-11-29 14:52:48.923+00', 'A18n88bANbBeztUR0jiYE1kxwqmXbffr', '2026-11-22 14:52:48.923+00', '2026-11-22 14:52:48.923+00', '203.0.113.7', 'Mozilla/5.0', 'hBrEfrIcnJLS7fiU0zEujfol9jZNY5R7');
INSERT INTO public.session (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId") VALUES ('X34d0G7vHOb7O17SsGnLq72IZXTub6sd', '2026-11-29 14:52:48.952+00', 'jrwiGgOTpdFuzL7T89F3wtEeATSC7PO5', '2026-11-22 14:52:48.952+00', '2026-11-22 14:52:48.952+00', '203.0.113.7', 'Mozilla/5.0', 'oSYscVNkyrs50PbzFsscg83yYucY5SaB');
INSERT INTO public.session (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId") VALUES ('gAuawIaX1YhiSY1mAm6ly4CW9UI3TTIv', '2026-11-23 14:52:49.059+00', 'gQYnq4rOWGUa81l3udbXDKAAso5Bc3C0', '2026-11-22 14:52:49.059+00', '2026-11-22 14:52:49.059+00', '203.0.113.7', 'Mozilla/5.0', 'yZL3N17FcKMVqhpZDtPRBqNXvB6m9VIb');
INSERT INTO public.session (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId") VALUES ('dkqUuGSGFpC3qjb7Sf78LSJrlIORsSNH', '2026-11-22 14:52:50.881+00', 'kgbXxifCX9cXn8rqJvw2bcbJYIZaFuFm', '2026-11-22 14:52:49.881+00', '2026-11-22 14:52:49.881+00', '203.0.113.7', 'Mozilla/5.0', 'yZL3N17FcKMVqhpZDtPRBqNXvB6m9VIb');
INSERT INTO public."user" (id, name, email, "emailVerified", image, "createdAt", "updatedAt", "softwareBackground", "hardwareBackground", "interestArea") VALUES ('yZL3N17FcKMVqhpZDtPRBqNXvB6m9VIb', 'Reader 1', 'reader1@example.com', false, NULL, '2026-11-22 14:52:48.727+00', '2026-11-22 14:52:48.727+00', 'Python', NULL, NULL);
INSERT INTO public."user" (id, name, email, "emailVerified", image, "createdAt", "updatedAt", "softwareBackground", "hardwareBackground", "interestArea") VALUES ('hBrEfrIcnJLS7fiU0zEujfol9jZNY5R7', 'Reader 2', 'reader2@example.com', false, NULL, '2026-11-22 14:52:48.92+00', '2026-11-22 14:52:48.92+00', NULL, NULL, NULL);
INSERT INTO public."user" (id, name, email, "emailVerified", image, "createdAt", "updatedAt", "softwareBackground", "hardwareBackground", "interestArea") VALUES ('oSYscVNkyrs50PbzFsscg83yYucY5SaB', 'Reader 3', 'reader3@example.com', true, NULL, '2026-11-22 14:52:48.945+00', '2026-11-22 14:52:48.945+00', NULL, NULL, NULL);
INSERT INTO public.verification (id, identifier, value, "expiresAt", "createdAt", "updatedAt") VALUES ('uTjFzKI8f3zeLZSmLeua6yY9ZKgEOnlw', 'reset-password:WpZykCk2oDm0OSyt664jqZo0', 'hBrEfrIcnJLS7fiU0zEujfol9jZNY5R7', '2026-11-22 15:52:49.696+00', '2026-11-22 14:52:49.696+00', '2026-11-22 14:52:49.696+00');
INSERT INTO public.verification (id, identifier, value, "expiresAt", "createdAt", "updatedAt") VALUES ('9bCQmA2VYmItiCOedckX3KNMnwYnwvt9', 'p0UCB8VvEAlH6AFkNbAnkzfjbNx94jfC', '{"callbackURL":"/","codeVerifier":"09WW3jKHlmxSKQ-x9gE854Iw63fK2J782qqC6QwyCLDZ5bYjW33LUmUNYiFfDFtDKCVBt8kd1LBNXiNx1AuyJuzk8J0veslQW2uZDdU3HXWibdEKIBYvGAvr-mPqEP6C","expiresAt":1795359769706,"oauthState":"p0UCB8VvEAlH6AFkNbAnkzfjbNx94jfC"}', '2026-11-22 15:02:49.707+00', '2026-11-22 14:52:49.707+00', '2026-11-22 14:52:49.707+00');
INSERT INTO public.verification (id, identifier, value, "expiresAt", "createdAt", "updatedAt") VALUES ('WlDjTr8u049hy3edGizX1LXpN6pGH7ce', 'reset-password:Bn7ooLUVEh88lpYHmsM68Ppl', 'yZL3N17FcKMVqhpZDtPRBqNXvB6m9VIb', '2026-11-22 14:52:50.751+00', '2026-11-22 14:52:49.751+00', '2026-11-22 14:52:49.751+00');
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
CREATE UNIQUE INDEX "account_issuer_accountId_uidx" ON public.account USING btree (issuer, "accountId");
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
