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
    name text,
    start text,
    prefix text,
    key text NOT NULL,
    "userId" text NOT NULL,
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
INSERT INTO public.account (id, "accountId", "providerId", "userId", "accessToken", "refreshToken", "idToken", "accessTokenExpiresAt", "refreshTokenExpiresAt", scope, password, "createdAt", "updatedAt") VALUES ('rmJj306L2ghhJvhiuR0xcUWynT6owCjD', 'xbPFdDPlRDsKaNy401zTYXzRdVG1doT3', 'credential', 'xbPFdDPlRDsKaNy401zTYXzRdVG1doT3', NULL, NULL, NULL, NULL, NULL, NULL, '528a527dfee8be7cbd18770d57c74667:79734bbdcc78e37f6be4b32e7f6ba050e6217fdedbb0c06bb4f192159d6609ee0f4f1c8eb393a8032780e7251487eb1f2343d5f8cd1775df39db66da8301000b', '2026-11-22 14:57:52.849+00', '2026-11-22 14:57:52.849+00');
INSERT INTO public.account (id, "accountId", "providerId", "userId", "accessToken", "refreshToken", "idToken", "accessTokenExpiresAt", "refreshTokenExpiresAt", scope, password, "createdAt", "updatedAt") VALUES ('mtCwjiwnafDCgLj2uYHfEwAwO5dl7lTJ', '1077', 'google', 'q1X3jVEVFxorgKcmRVvehUpyZY2St7pE', NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-11-22 14:57:53.057+00', '2026-11-22 14:57:53.057+00');
INSERT INTO public.account (id, "accountId", "providerId", "userId", "accessToken", "refreshToken", "idToken", "accessTokenExpiresAt", "refreshTokenExpiresAt", scope, password, "createdAt", "updatedAt") VALUES ('FKLs8Gu1fk7uW0QMkh8UyLuCRjDCG48r', 'I8UnvUmcIkzoAeHA6QnJaTM7nOXg7Tbt', 'credential', 'I8UnvUmcIkzoAeHA6QnJaTM7nOXg7Tbt', NULL, NULL, NULL, NULL, NULL, NULL, 'bf3b0b12be058f55fcdcbd89be02af0e:78e2fd7429128575c575fae238fb99ff044484836ca408d681f75415b553b2c29283c33c0f1b7d0450ebdebb73d5bcec08375b9da29daddf5e19fc85267041dd', '2026-11-22 14:57:53.043+00', '2026-11-22 14:57:54.147+00');
INSERT INTO public.apikey (id, name, start, prefix, key, "userId", "refillInterval", "refillAmount", "lastRefillAt", enabled, "rateLimitEnabled", "rateLimitTimeWindow", "rateLimitMax", "requestCount", remaining, "lastRequest", "expiresAt", "createdAt", "updatedAt", permissions, metadata) VALUES ('lG7PvQQesMDE3mTgTh2poeLTP06ettxM', 'robot', 'PBtEOA', NULL, 'DStGjeEcc7eB4U5fdmm6YGcs2GLMadmV0FOgvBnnmCU', 'xbPFdDPlRDsKaNy401zTYXzRdVG1doT3', NULL, NULL, NULL, true, true, 86400000, 10, 1, NULL, '2026-11-22 14:57:54.193+00', NULL, '2026-11-22 14:57:54.179+00', '2026-11-22 14:57:54.193+00', NULL, 'null');
INSERT INTO public.jwks (id, "publicKey", "privateKey", "createdAt", "expiresAt") VALUES ('LZK2KhGFhH785rgOksBWNDE5HXcBMFOF', '{"crv":"Ed25519","x":"HWc0bJ-D0Lgqsv1_5TaHgNLaua6vPHb_RoGTFQRFoAQ","kty":"OKP"}', '"0e2ca8c0acff368dd8f0a37249f09a13d954c6c5aeccd918d5dea18d75f760a88076da32b4d5682e4837d0eccfbbd7adcef3d5c05aa488fa6cbcdad396c23a7f7a5a41e87e157fad3497159527d61b5a6aa08559acd3f066b79073fe644a0b3421a22a48b6daf1ebee9d224d9d6c4b8f0d14faa9b9d634756597062e1667652e7d352b73f6bf41d536d6f34b628276751ed0ee65e931901d9bd65a75647ac2d71b3c574e41d88e555e"', '2026-11-22 14:57:54.203+00', NULL);
INSERT INTO public.session (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId") VALUES ('X38T48JiKTB4d9M2w8o2xOxK1pi6F5TI', '2026-11-29 14:57:52.851+00', 'qqIevbr6SLKUzzfuoLbgKjDc8r2edmWb', '2026-11-22 14:57:52.851+00', '2026-11-22 14:57:52.851+00', '203.0.113.7', 'Mozilla/5.0', 'xbPFdDPlRDsKaNy401zTYXzRdVG1doT3');
INSERT INTO public.session (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId") VALUES ('qTEbRCo0LIDpWoy2Gx058MCm7wrZIA6p', '2026-11-29 14:57:53.045+00', 'rdqfSYE7XGzMRkEiEPk6BHWtdaUpWZOJ', '2026-11-22 14:57:53.045+00', '2026-11-22 14:57:53.045+00', '203.0.113.7', 'Mozilla/5.0', 'I8UnvUmcIkzoAeHA6QnJaTM7nOXg7Tbt');
INSERT INTO public.session (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId") VALUES ('Lg2V6XuAJGXaVLOr1jSPgwJpCt6coCeH', '2026-11-29 14:57:53.058+00', 'mnjhgaz0cDgeiCEDUgirrnOsG9mp3jI2', '2026-11-22 14:57:53.058+00', '2026-11-22 14:57:53.058+00', '203.0.113.7', 'Mozilla/5.0', 'q1X3jVEVFxorgKcmRVvehUpyZY2St7pE');
INSERT INTO public.session (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId") VALUES ('knBYQRbv00IkV5CQ3EmIJJtAozfhkYbc', '2026-11-23 14:57:53.232+00', 'oIb6aKsWDW7zba8UPxW9b1YooSefY1k5', '2026-11-22 14:57:53.232+00', '2026-11-22 14:57:53.232+00', '203.0.113.7', 'Mozilla/5.0', 'xbPFdDPlRDsKaNy401zTYXzRdVG1doT3');
INSERT INTO public.session (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId") VALUES ('dhM6dYSOvAbkf0XjGCeTMLG91SgACeKs', '2026-11-22 14:57:55.385+00', 'FrgL4z16hr1beZssBxfm5XHRpDIYPtJv', '2026-11-22 14:57:54.385+00', '2026-11-22 14:57:54.385+00', '203.0.113.7', 'Mozilla/5.0', 'xbPFdDPlRDsKaNy401zTYXzRdVG1doT3');
INSERT INTO public."user" (id, name, email, "emailVerified", image, "createdAt", "updatedAt", "softwareBackground", "hardwareBackground", "interestArea") VALUES ('xbPFdDPlRDsKaNy401zTYXzRdVG1doT3', 'Reader 1', 'reader1@example.com', false, NULL, '2026-11-22 14:57:52.846+00', '2026-11-22 14:57:52.846+00', 'Python', NULL, NULL);
INSERT INTO public."user" (id, name, email, "emailVerified", image, "createdAt", "updatedAt", "softwareBackground", "hardwareBackground", "interestArea") VALUES ('I8UnvUmcIkzoAeHA6QnJaTM7nOXg7Tbt', 'Reader 2', 'reader2@example.com', false, NULL, '2026-11-22 14:57:53.041+00', '2026-11-22 14:57:53.041+00', NULL, NULL, NULL);
INSERT INTO public."user" (id, name, email, "emailVerified", image, "createdAt", "updatedAt", "softwareBackground", "hardwareBackground", "interestArea") VALUES ('q1X3jVEVFxorgKcmRVvehUpyZY2St7pE', 'Reader 3', 'reader3@example.com', true, NULL, '2026-11-22 14:57:53.056+00', '2026-11-22 14:57:53.056+00', NULL, NULL, NULL);
INSERT INTO public.verification (id, identifier, value, "expiresAt", "createdAt", "updatedAt") VALUES ('Z2sYqobypEuqObIiQTgJIr7udgvu3KbU', 'reset-password:sJf3Js5opCWfA1hPMrBeFS3x', 'I8UnvUmcIkzoAeHA6QnJaTM7nOXg7Tbt', '2026-11-22 15:57:54.154+00', '2026-11-22 14:57:54.154+00', '2026-11-22 14:57:54.154+00');
INSERT INTO public.verification (id, identifier, value, "expiresAt", "createdAt", "updatedAt") VALUES ('sF5Mw8uO8Vf3ryfVJ1Y4YmkH0wfIoifF', 'f-PNeljSSUjuX4ZefsHtFhh_7kwNp3As', '{"callbackURL":"/","codeVerifier":"kx-ehoiRo3oTZHwT9N9Wo6HW_gTlW4W1ZkAc6oxOjY0TBx-jxmlWZO21YF8PVcRE5m6pZrcn2Y0onx8IM8FH-5DufkAafwibMSY_fp73F7pUjmkT4AMZAXyWXoSshNyZ","expiresAt":1795360074169}', '2026-11-22 15:07:54.169+00', '2026-11-22 14:57:54.169+00', '2026-11-22 14:57:54.169+00');
INSERT INTO public.verification (id, identifier, value, "expiresAt", "createdAt", "updatedAt") VALUES ('zTfI8BgrCVGQWyrU8PFOI5jmOAXXNo2X', 'reset-password:hoYHNdwqwsda9kOH6uSATX43', 'xbPFdDPlRDsKaNy401zTYXzRdVG1doT3', '2026-11-22 14:57:55.212+00', '2026-11-22 14:57:54.212+00', '2026-11-22 14:57:54.212+00');
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
CREATE INDEX apikey_key_idx ON public.apikey USING btree (key);
CREATE INDEX "apikey_userId_idx" ON public.apikey USING btree ("userId");
CREATE INDEX "session_userId_idx" ON public.session USING btree ("userId");
CREATE INDEX verification_identifier_idx ON public.verification USING btree (identifier);
ALTER TABLE ONLY public.account
    ADD CONSTRAINT "account_userId_fkey" FOREIGN KEY ("userId") REFERENCES public."user"(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.apikey
    ADD CONSTRAINT "apikey_userId_fkey" FOREIGN KEY ("userId") REFERENCES public."user"(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.session
    ADD CONSTRAINT "session_userId_fkey" FOREIGN KEY ("userId") REFERENCES public."user"(id) ON DELETE CASCADE;
