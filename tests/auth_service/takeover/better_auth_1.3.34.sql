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
    "createdAt" timestamp with time zone NOT NULL
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
INSERT INTO public.account (id, "accountId", "providerId", "userId", "accessToken", "refreshToken", "idToken", "accessTokenExpiresAt", "refreshTokenExpiresAt", scope, password, "createdAt", "updatedAt") VALUES ('rAquYSRYhdAY2uYRN6nN6kaqu6M4c922', 'Aozgf14uI8vDgbXUZhRZVmLidu2zubPk', 'credential', 'Aozgf14uI8vDgbXUZhRZVmLidu2zubPk', NULL, NULL, NULL, NULL, NULL, NULL, 'ca3e14bbe20dfbc866ee1d77bce0eae2:8346b3797e8620b3f9b1c157461914995328c71ddc3d598d7e577ee5cbda9af226154a27eb74dbfd6c2bad514a612c75ed0e66f5118baa3cf20967fe25ad5995', '2026-11-22 14:52:24.637+00', '2026-11-22 14:52:24.637+00');
INSERT INTO public.account (id, "accountId", "providerId", "userId", "accessToken", "refreshToken", "idToken", "accessTokenExpiresAt", "refreshTokenExpiresAt", scope, password, "createdAt", "updatedAt") VALUES ('t4IF44XKEuYF4ckjScdWPLaGbIpFyd1M', '1077', 'google', 'tmr6kVkdi3vWjUMJruGLxdevWMoN57EB', NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-11-22 14:52:24.95+00', '2026-11-22 14:52:24.95+00');
INSERT INTO public.account (id, "accountId", "providerId", "userId", "accessToken", "refreshToken", "idToken", "accessTokenExpiresAt", "refreshTokenExpiresAt", scope, password, "createdAt", "updatedAt") VALUES ('Y6g2jreCxM8jfEKVcmhiMwDUVewSccBM', 'a5OVQOkEluq51GjDnkYqhfDXQwMwM9Px', 'credential', 'a5OVQOkEluq51GjDnkYqhfDXQwMwM9Px', NULL, NULL, NULL, NULL, NULL, NULL, 'fff8b10f75c25b83b263809cac12e2e1:3267769b44bc2a396ffeccb33727033ec768591e29156dabe66a9dea2b29a2c549c04924f3f71e18258880d9c4730349e4dde1d1fd596022239a9250f736178e', '2026-11-22 14:52:24.939+00', '2026-11-22 14:52:26.414+00');
INSERT INTO public.apikey (id, name, start, prefix, key, "userId", "refillInterval", "refillAmount", "lastRefillAt", enabled, "rateLimitEnabled", "rateLimitTimeWindow", "rateLimitMax", "requestCount", remaining, "lastRequest", "expiresAt", "createdAt", "updatedAt", permissions, metadata) VALUES ('PE5ULrWZ6RPsRZGzClznRCFB5YuOiIhf', 'robot', 'gNwbQg', NULL, 'MJuNUfklNxDo-uG3ghgWZM_I20Ca7Zipvd0XWldPmrQ', 'Aozgf14uI8vDgbXUZhRZVmLidu2zubPk', NULL, NULL, NULL, true, true, 86400000, 10, 1, NULL, '2026-11-22 14:52:26.451+00', NULL, '2026-11-22 14:52:26.446+00', '2026-11-22 14:52:26.446+00', NULL, 'null');
INSERT INTO public.jwks (id, "publicKey", "privateKey", "createdAt") VALUES ('4oLaxa1mNzlzg6N37FsQod3gmdjUqNlj', '{"crv":"Ed25519","x":"sYlKbT-kly71TkD8PIRWVfYpX35eElEzH0Gmqw-t_Ys","kty":"OKP"}', '"9870992b62f3bc0e176af88189e9b5f2cd9fbebba8942cb1df33015f2d4ec803ef3a0aee7cf87c0f6bcb125fbe3b823f1efdc4c926ff6a871b8b6c1706266617c31f4c5f2cf593b5b99d01f76f6bcf0d2f884930f41cba547172d04f9a7284a041ab02f489d62c35575edbfbe5439723841dd7ee968ae661827ead4ee5400e414150b7148a01c53cdb48fd16f8c67b8f4487e3fba0d96c9bb4903819c010956cf99a8f6c6b68859e21"', '2026-11-22 14:52:26.467+00');
INSERT INTO public.session (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId") VALUES ('b07162686PLHWjKCdrt5WXre7GKWrxTj', '2026-11-29 14:52:24.64+00', '4pdItUgeHgYheHvITLDgiIm8ZQ8Uw94F', '2026-11-22 14:52:24.64+00', '2026-11-22 14:52:24.64+00', '203.0.113.7', 'Mozilla/5.0', 'Aozgf14uI8vDgbXUZhRZVmLidu2zubPk');
INSERT INTO public.session (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId") VALUES ('pDDkR0XD7T4OWV1tvjQQTEOIUSFOg15Y', '2026-11-29 14:52:24.941+00', 'L92JdPe6k5McgCkHVMRlBBMaPl7ZCio1', '2026-11-22 14:52:24.941+00', '2026-11-22 14:52:24.941+00', '203.0.113.7', 'Mozilla/5.0', 'a5OVQOkEluq51GjDnkYqhfDXQwMwM9Px');
INSERT INTO public.session (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId") VALUES ('ws60P8GcU61YRnyDwCSBakcLTfTO33JI', '2026-11-29 14:52:24.951+00', 'ESCM6RPGUgQIxbaXYfKE42H289xuAbua', '2026-11-22 14:52:24.951+00', '2026-11-22 14:52:24.951+00', '203.0.113.7', 'Mozilla/5.0', 'tmr6kVkdi3vWjUMJruGLxdevWMoN57EB');
INSERT INTO public.session (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId") VALUES ('UI775y8wHU47n51xTTOUf1QrKNCL8RH0', '2026-11-23 14:52:25.165+00', 'OleVsxjF1L22FqpkMMqA3sABLicsu5Dl', '2026-11-22 14:52:25.165+00', '2026-11-22 14:52:25.165+00', '203.0.113.7', 'Mozilla/5.0', 'Aozgf14uI8vDgbXUZhRZVmLidu2zubPk');
INSERT INTO public.session (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId") VALUES ('gKSPs4nRBReX9JJJY3BU7QsWzmo88R4y', '2026-11-22 14:52:27.725+00', 'dnniG9jq4LC5NVf5ezagUUpOccfd2Hbi', '2026-11-22 14:52:26.725+00', '2026-11-22 14:52:26.725+00', '203.0.113.7', 'Mozilla/5.0', 'Aozgf14uI8vDgbXUZhRZVmLidu2zubPk');
INSERT INTO public."user" (id, name, email, "emailVerified", image, "createdAt", "updatedAt", "softwareBackground", "hardwareBackground", "interestArea") VALUES ('Aozgf14uI8vDgbXUZhRZVmLidu2zubPk', 'Reader 1', 'reader1@example.com', false, NULL, '2026-11-22 14:52:24.63+00', '2026-11-22 14:52:24.63+00', 'Python', NULL, NULL);
INSERT INTO public."user" (id, name, email, "emailVerified", image, "createdAt", "updatedAt", "softwareBackground", "hardwareBackground", "interestArea") VALUES ('a5OVQOkEluq51GjDnkYqhfDXQwMwM9Px', 'Reader 2', 'reader2@example.com', false, NULL, '2026-11-22 14:52:24.938+00', '2026-11-22 14:52:24.938+00', NULL, NULL, NULL);
INSERT INTO public."user" (id, name, email, "emailVerified", image, "createdAt", "updatedAt", "softwareBackground", "hardwareBackground", "interestArea") VALUES ('tmr6kVkdi3vWjUMJruGLxdevWMoN57EB', 'Reader 3', 'reader3@example.com', true, NULL, '2026-11-22 14:52:24.949+00', '2026-11-22 14:52:24.949+00', NULL, NULL, NULL);
INSERT INTO public.verification (id, identifier, value, "expiresAt", "createdAt", "updatedAt") VALUES ('eRLbPRap9pnBEERj9kMNO2LCBqMykWex', 'reset-password:dZeb7mjWf3STzQ49Xd3oMKat', 'a5OVQOkEluq51GjDnkYqhfDXQwMwM9Px', '2026-11-22 15:52:26.425+00', '2026-11-22 14:52:26.425+00', '2026-11-22 14:52:26.425+00');
INSERT INTO public.verification (id, identifier, value, "expiresAt", "createdAt", "updatedAt") VALUES ('gzD8vJH9I8AklgCCRkLqNOwx0uNwEeqD', 'DH-fXVRMFhzyn9Sa4Z0jGp2Azls0dFpZ', '{"callbackURL":"/","codeVerifier":"sqOMcWY6J2T5WtYxFpqMSt8NAnuBtpVgvdQwJxGAQ-rkRLNZUjHKXu4ND29FGDfYHQcmflu0pAZKcy9UO0dOdco0PU8vUaRzSs0PG_IJx6zMPh9yWOcKCcE_3CdBj1kD","expiresAt":1795359746438}', '2026-11-22 15:02:26.438+00', '2026-11-22 14:52:26.438+00', '2026-11-22 14:52:26.438+00');
INSERT INTO public.verification (id, identifier, value, "expiresAt", "createdAt", "updatedAt") VALUES ('3wIG7rydw8VpnXGl7GdW2kBmfID8h7RG', 'reset-password:vT5YUilRVf7CtfWzE9DPx6OG', 'Aozgf14uI8vDgbXUZhRZVmLidu2zubPk', '2026-11-22 14:52:27.478+00', '2026-11-22 14:52:26.478+00', '2026-11-22 14:52:26.478+00');
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
ALTER TABLE ONLY public.account
    ADD CONSTRAINT "account_userId_fkey" FOREIGN KEY ("userId") REFERENCES public."user"(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.apikey
    ADD CONSTRAINT "apikey_userId_fkey" FOREIGN KEY ("userId") REFERENCES public."user"(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.session
    ADD CONSTRAINT "session_userId_fkey" FOREIGN KEY ("userId") REFERENCES public."user"(id) ON DELETE CASCADE;
