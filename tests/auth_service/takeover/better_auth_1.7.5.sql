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
CREATE TABLE public."rateLimit" (
    id text NOT NULL,
    key text NOT NULL,
    count integer NOT NULL,
    "lastRequest" bigint NOT NULL
);
CREATE TABLE public.session (
    id text NOT NULL,
    "expiresAt" timestamp with time zone NOT NULL,
    token text NOT NULL,
    "createdAt" timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    "updatedAt" timestamp with time zone NOT NULL,
    "ipAddress" text,
    "userAgent" text,
    "userId" text NOT NULL,
    "impersonatedBy" text
);
CREATE TABLE public."user" (
    id text NOT NULL,
    name text NOT NULL,
    email text NOT NULL,
    "emailVerified" boolean NOT NULL,
    image text,
    "createdAt" timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    "updatedAt" timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    role text,
    banned boolean,
    "banReason" text,
    "banExpires" timestamp with time zone,
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
INSERT INTO public.account (id, "accountId", "providerId", "userId", "accessToken", "refreshToken", "idToken", "accessTokenExpiresAt", "refreshTokenExpiresAt", scope, password, "createdAt", "updatedAt") VALUES ('dqZgYSabiYj9nXYuv2WVtTADAr7dPcCC', 'Os62d8jgBWha6v1GNQ61wNKX8pchAvW1', 'credential', 'Os62d8jgBWha6v1GNQ61wNKX8pchAvW1', NULL, NULL, NULL, NULL, NULL, NULL, 'f500140b8feb5905edda6c8dd35ba1db:11a111f5ec8be95b15054a6037d360a4ed5706a531ce299a3293075cff2a113c41c772d2b4efed4c1e5af6da2ad8f250be94e0597238bfc4d71f0e35ac00f45a', '2026-11-22 14:52:59.531+00', '2026-11-22 14:52:59.531+00');
INSERT INTO public.account (id, "accountId", "providerId", "userId", "accessToken", "refreshToken", "idToken", "accessTokenExpiresAt", "refreshTokenExpiresAt", scope, password, "createdAt", "updatedAt") VALUES ('HyM7mUedAhKbX5pvJFRBAXyNW9dBhdy5', '1077', 'google', 'NCuGHlBxUrcKlY9GueYmvP6t4mdPS4dJ', NULL, NULL, '1077', NULL, NULL, NULL, NULL, '2026-11-22 14:52:59.746+00', '2026-11-22 14:52:59.746+00');
INSERT INTO public.account (id, "accountId", "providerId", "userId", "accessToken", "refreshToken", "idToken", "accessTokenExpiresAt", "refreshTokenExpiresAt", scope, password, "createdAt", "updatedAt") VALUES ('LFCKSGveh3XjKZNqx7tx8Yvnf80gJOLb', '4KDIfhzipOxN2L6XhK98YGBp8vAML2mU', 'credential', '4KDIfhzipOxN2L6XhK98YGBp8vAML2mU', NULL, NULL, NULL, NULL, NULL, NULL, 'aad12b7549d3316ec12664b12c0c848e:940e3bf5fdca9cfa6d915c7ffb0dcf914d58265dfa6d94c8e8aa32766cdd3f537c9bad9df43bc79081954f41ac5995cb3b3bc3055e2569e61e0d74549e238ce3', '2026-11-22 14:52:59.723+00', '2026-11-22 14:53:00.431+00');
INSERT INTO public.apikey (id, "configId", name, start, "referenceId", prefix, key, "refillInterval", "refillAmount", "lastRefillAt", enabled, "rateLimitEnabled", "rateLimitTimeWindow", "rateLimitMax", "requestCount", remaining, "lastRequest", "expiresAt", "createdAt", "updatedAt", permissions, metadata) VALUES ('I9ONR2TnZpfQRIh2VTKCf0xY1aH2vvvd', 'default', 'robot', 'ybLaHZ', 'Os62d8jgBWha6v1GNQ61wNKX8pchAvW1', NULL, 'LwwkL-9nxdtCGl4WSyks5PoOCxIg93Q54vyKfbxZ1lw', NULL, NULL, NULL, true, true, 86400000, 10, 1, NULL, '2026-11-22 14:53:00.47+00', NULL, '2026-11-22 14:53:00.463+00', '2026-11-22 14:53:00.472+00', NULL, 'null');
INSERT INTO public.jwks (id, "publicKey", "privateKey", "createdAt", "expiresAt", alg, crv) VALUES ('tmunyqJwyVWdCnr8JddDOS41e34trR2i', '{"crv":"Ed25519","x":"M0OdyLLe9B-EttnQUGLoc0diaNBrz39kL1h4LNoVg4A","kty":"OKP"}', '"dd4c571bf755c04d4f01b852ff0a00b6ac6767bd067c34a88afe69b92ad46c686000935ce1bcac646c59d92eb9d4d42be3f56b4377e67df89871bee99c7cf61ec23059306c34a628b39f02af24da3d268876bcb3846140680e37d1269d7e70b2c05e335bbcebe493d54a631a6e7e433e0cc36928fdb2ad319271cfd148b9cba0129e25c49bed73891ca2a63a85f77bc6105cdb0cce7354e76e24c96cf0957a36cba602a58c5eda6c98"', '2026-11-22 14:53:00.484+00', NULL, 'EdDSA', 'Ed25519');
INSERT INTO public."rateLimit" (id, key, count, "lastRequest") VALUES ('Cvd9XNoeAyvsjwomaQVZ7SriAGH6w9rR', '203.0.113.7|/sign-out', 1, 1795359179993);
INSERT INTO public."rateLimit" (id, key, count, "lastRequest") VALUES ('c8LZu52UShdWrUDw5FA539v5HOJTns0l', '203.0.113.7|/revoke-session', 1, 1795359180109);
INSERT INTO public."rateLimit" (id, key, count, "lastRequest") VALUES ('lX5LZmyxYTDnrOtzSnj5RULXuUCYaOe4', '203.0.113.7|/sign-up/email', 3, 1795359180125);
INSERT INTO public."rateLimit" (id, key, count, "lastRequest") VALUES ('Oj0ZEmyOBma1gEk0YcuallkeB6rlM30P', '203.0.113.7|/delete-user', 1, 1795359180227);
INSERT INTO public."rateLimit" (id, key, count, "lastRequest") VALUES ('P2uMQKV40FMIAHPIstXwz6kpSfw2PqNa', '203.0.113.7|/reset-password', 1, 1795359180337);
INSERT INTO public."rateLimit" (id, key, count, "lastRequest") VALUES ('whVWF86E0jpIF1AkKi0ysXnmJS6K6fIA', '203.0.113.7|/send-verification-email', 1, 1795359180440);
INSERT INTO public."rateLimit" (id, key, count, "lastRequest") VALUES ('3oPGD6I7zcyWNpYL8itXcIGTVrkGV3ND', '203.0.113.7|/sign-in/social', 2, 1795359180451);
INSERT INTO public."rateLimit" (id, key, count, "lastRequest") VALUES ('ZKmfypBJuPg5LnYfMSxxSralkW3DzPIX', '203.0.113.7|/api-key/create', 1, 1795359180458);
INSERT INTO public."rateLimit" (id, key, count, "lastRequest") VALUES ('Xq95urqMj6LUh5tddPCEtK5RR021cNhR', '203.0.113.7|/get-session', 1, 1795359180467);
INSERT INTO public."rateLimit" (id, key, count, "lastRequest") VALUES ('YlmShDDMtvAZTiQsx0RJG93ElYpNsC37', '203.0.113.7|/token', 1, 1795359180476);
INSERT INTO public."rateLimit" (id, key, count, "lastRequest") VALUES ('Wvk1kbJpEIwrjZFdhXqZeqkWX6HBibwj', '203.0.113.7|/request-password-reset', 3, 1795359180493);
INSERT INTO public."rateLimit" (id, key, count, "lastRequest") VALUES ('JaDze3t0YH26FpwEm6reQvGnNoRjYzqp', '203.0.113.7|/sign-in/email', 4, 1795359180500);
INSERT INTO public.session (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId", "impersonatedBy") VALUES ('YAybEmBptKR29cYBuyE5izyP7PMLisgW', '2026-11-29 14:52:59.533+00', 'hItUl5vb24FsMnk7f2SgXGhFVCcYGMeM', '2026-11-22 14:52:59.533+00', '2026-11-22 14:52:59.533+00', '203.0.113.7', 'Mozilla/5.0', 'Os62d8jgBWha6v1GNQ61wNKX8pchAvW1', NULL);
INSERT INTO public.session (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId", "impersonatedBy") VALUES ('nQRfCz6Q0H1ZLIJOrmh02uig0IyRsVib', '2026-11-29 14:52:59.725+00', 'pPpuLVrl3OdZ5FS6ZwWDxgALS3coAEuU', '2026-11-22 14:52:59.725+00', '2026-11-22 14:52:59.725+00', '203.0.113.7', 'Mozilla/5.0', '4KDIfhzipOxN2L6XhK98YGBp8vAML2mU', NULL);
INSERT INTO public.session (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId", "impersonatedBy") VALUES ('NJ1ydaLRLpPejeCSTQ0tjrYyL0IcroZ5', '2026-11-29 14:52:59.747+00', 'xtsH2YEFFGq7Hz9taj7oahHbSh7qNhXm', '2026-11-22 14:52:59.747+00', '2026-11-22 14:52:59.747+00', '203.0.113.7', 'Mozilla/5.0', 'NCuGHlBxUrcKlY9GueYmvP6t4mdPS4dJ', NULL);
INSERT INTO public.session (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId", "impersonatedBy") VALUES ('p8Qh9njQMig9sheAzCMZEs2er5B1ldn3', '2026-11-23 14:52:59.857+00', 'oY0RvffsHpUNQAfa5ZMin1vRmkiKO1Yy', '2026-11-22 14:52:59.857+00', '2026-11-22 14:52:59.857+00', '203.0.113.7', 'Mozilla/5.0', 'Os62d8jgBWha6v1GNQ61wNKX8pchAvW1', NULL);
INSERT INTO public.session (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId", "impersonatedBy") VALUES ('1GPN5IlT8XD52j6aIkVLlnn1rb0TLO8U', '2026-11-22 14:53:01.596+00', 'G8dkOTVphGPjRGmntGT8zBbCrnyYAvjX', '2026-11-22 14:53:00.596+00', '2026-11-22 14:53:00.596+00', '203.0.113.7', 'Mozilla/5.0', 'Os62d8jgBWha6v1GNQ61wNKX8pchAvW1', NULL);
INSERT INTO public."user" (id, name, email, "emailVerified", image, "createdAt", "updatedAt", role, banned, "banReason", "banExpires", "softwareBackground", "hardwareBackground", "interestArea") VALUES ('Os62d8jgBWha6v1GNQ61wNKX8pchAvW1', 'Reader 1', 'reader1@example.com', false, NULL, '2026-11-22 14:52:59.529+00', '2026-11-22 14:52:59.529+00', 'user', false, NULL, NULL, 'Python', NULL, NULL);
INSERT INTO public."user" (id, name, email, "emailVerified", image, "createdAt", "updatedAt", role, banned, "banReason", "banExpires", "softwareBackground", "hardwareBackground", "interestArea") VALUES ('4KDIfhzipOxN2L6XhK98YGBp8vAML2mU', 'Reader 2', 'reader2@example.com', false, NULL, '2026-11-22 14:52:59.722+00', '2026-11-22 14:52:59.722+00', 'user', false, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public."user" (id, name, email, "emailVerified", image, "createdAt", "updatedAt", role, banned, "banReason", "banExpires", "softwareBackground", "hardwareBackground", "interestArea") VALUES ('NCuGHlBxUrcKlY9GueYmvP6t4mdPS4dJ', 'Reader 3', 'reader3@example.com', true, NULL, '2026-11-22 14:52:59.745+00', '2026-11-22 14:52:59.745+00', 'user', false, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.verification (id, identifier, value, "expiresAt", "createdAt", "updatedAt") VALUES ('PwSXS3Pjq2xne87MwHoPyjH8raAe3SKF', 'reset-password:bnguEGjxRZtTJWs4seiwczyk', '4KDIfhzipOxN2L6XhK98YGBp8vAML2mU', '2026-11-22 15:53:00.437+00', '2026-11-22 14:53:00.437+00', '2026-11-22 14:53:00.437+00');
INSERT INTO public.verification (id, identifier, value, "expiresAt", "createdAt", "updatedAt") VALUES ('PBvn78VHEdnVto9Mi3sv46asXQK9W4Zc', 'm3IVWGuM72Ir0zn5u5igEYQ-hOk6vBSn', '{"callbackURL":"/","codeVerifier":"AbwjdSYwzwH-pE8Bof7JQ56ZEAQbcTqk_M69SiUK8oSSLl047F8NNQzgoZcL85R82cVhXfd4fYgbYRx2xJfDi-LY5D4RpaxSCWusZoQd_SLOHVR0Te2F0KizvpsO6nYU","expiresAt":1795359780452,"oauthState":"m3IVWGuM72Ir0zn5u5igEYQ-hOk6vBSn"}', '2026-11-22 15:03:00.453+00', '2026-11-22 14:53:00.453+00', '2026-11-22 14:53:00.453+00');
INSERT INTO public.verification (id, identifier, value, "expiresAt", "createdAt", "updatedAt") VALUES ('zs82D0rwh2E1YkVlqOM8whv52BtKd2gk', 'reset-password:FZhEpHjeuZpW293XUd1YIzYO', 'Os62d8jgBWha6v1GNQ61wNKX8pchAvW1', '2026-11-22 14:53:01.496+00', '2026-11-22 14:53:00.496+00', '2026-11-22 14:53:00.496+00');
ALTER TABLE ONLY public.account
    ADD CONSTRAINT account_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.apikey
    ADD CONSTRAINT apikey_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.jwks
    ADD CONSTRAINT jwks_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public."rateLimit"
    ADD CONSTRAINT "rateLimit_key_key" UNIQUE (key);
ALTER TABLE ONLY public."rateLimit"
    ADD CONSTRAINT "rateLimit_pkey" PRIMARY KEY (id);
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
