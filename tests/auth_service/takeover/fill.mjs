// Fills the empty database at DATABASE_URL through a Better Auth server, over HTTP, as readers and
// their browsers do; prints what they hold afterwards. Started by make_databases.py, which needs Node.
import { createServer } from "node:http";
import { betterAuth } from "better-auth";
import { toNodeHandler } from "better-auth/node";
import { admin, bearer, jwt } from "better-auth/plugins";
import pg from "pg";

const { DATABASE_URL, BETTER_AUTH_SECRET, PASSWORD, FLAVOUR } = process.env;

// Both have moved between versions.
const either = (...names) => names.reduce((found, name) => found.catch(() => import(name)), Promise.reject());
const { apiKey } = await either("@better-auth/api-key", "better-auth/plugins");
const { getMigrations } = await either("better-auth/db/migration", "better-auth/db");

const ORIGIN = "http://localhost:3000";
const pool = new pg.Pool({ connectionString: DATABASE_URL });
const mailed = {};
const mail = (type) => async ({ user, token }) => {
  mailed[`${type} ${user.email}`] = token;
};

// Google vouches for these readers; its servers are not asked.
const google = {
  clientId: "client",
  clientSecret: "unused",
  verifyIdToken: async () => true,
  getUserInfo: async ({ idToken }) => ({
    user: { id: idToken, name: "Reader 3", email: "reader3@example.com", emailVerified: true },
    data: { sub: idToken },
  }),
};

const text = { type: "string", required: false };
const profile = { softwareBackground: text, hardwareBackground: text, interestArea: text };
const flavours = {
  profile: { additionalFields: profile, plugins: [] },
  // A site without the profile fields.
  bare: { additionalFields: {}, plugins: [] },
  // A site with tables and columns of its own plugins.
  admin: { additionalFields: profile, plugins: [admin()] },
};
const flavour = flavours[FLAVOUR];

const options = (lifetime) => ({
  baseURL: "http://localhost:3001",
  secret: BETTER_AUTH_SECRET,
  database: pool,
  trustedOrigins: [ORIGIN],
  telemetry: { enabled: false },
  logger: { disabled: true },
  emailAndPassword: {
    enabled: true,
    sendResetPassword: mail("reset"),
    ...(lifetime ? { resetPasswordTokenExpiresIn: lifetime } : {}),
  },
  emailVerification: { sendVerificationEmail: mail("verify") },
  user: { additionalFields: flavour.additionalFields, changeEmail: { enabled: true }, deleteUser: { enabled: true } },
  session: lifetime ? { expiresIn: lifetime } : {},
  socialProviders: { google },
  rateLimit: FLAVOUR === "admin" ? { enabled: true, storage: "database", customRules: { "/**": { window: 10, max: 1000 } } } : { enabled: false },
  plugins: [bearer(), jwt(), apiKey({ enableMetadata: true, enableSessionForAPIKeys: true }), ...flavour.plugins],
});

async function serve(lifetime) {
  const server = createServer(toNodeHandler(betterAuth(options(lifetime))));
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const address = `http://127.0.0.1:${server.address().port}/api/auth`;
  const call = async (path, body, headers = {}) => {
    const reply = await fetch(address + path, {
      method: body ? "POST" : "GET",
      redirect: "manual",
      headers: {
        origin: ORIGIN,
        "user-agent": "Mozilla/5.0",
        "x-forwarded-for": "203.0.113.7",
        ...(body ? { "content-type": "application/json" } : {}),
        ...headers,
      },
      body: body && JSON.stringify(body),
    });
    if (!reply.ok) throw new Error(`${path}: ${reply.status} ${await reply.text()}`);
    const cookies = reply.headers.getSetCookie().filter((line) => !line.includes("Max-Age=0"));
    return { body: await reply.json(), cookie: cookies.map((line) => line.split(";")[0]).join("; ") };
  };
  return { call, close: () => server.close() };
}

const { runMigrations } = await getMigrations(options());
await runMigrations();
const usual = await serve();
const brief = await serve(1); // its sessions and reset tokens live for a second

const person = (n) => ({ name: `Reader ${n}`, email: `reader${n}@example.com`, password: PASSWORD });
const signIn = async (server, n, more = {}) =>
  (await server.call("/sign-in/email", { email: `reader${n}@example.com`, password: PASSWORD, ...more })).cookie;

const first = await usual.call("/sign-up/email", { ...person(1), ...(FLAVOUR === "bare" ? {} : { softwareBackground: "Python" }) });
const second = await usual.call("/sign-up/email", { ...person(2), password: "forgotten since" });
const social = await usual.call("/sign-in/social", { provider: "google", idToken: { token: "1077" } });

const unremembered = await signIn(usual, 1, { rememberMe: false });
const signedOut = await signIn(usual, 1);
await usual.call("/sign-out", {}, { cookie: signedOut });
const revoked = await signIn(usual, 1);
const token = decodeURIComponent(revoked.split("=")[1]).split(".")[0];
await usual.call("/revoke-session", { token }, { cookie: first.cookie });

const gone = await usual.call("/sign-up/email", person(4));
await usual.call("/delete-user", { password: PASSWORD }, { cookie: gone.cookie });

// The way to ask for a reset was renamed after 1.3.
const askReset = (server, n) => server.call("/request-password-reset", { email: `reader${n}@example.com` });
await askReset(usual, 2);
const usedReset = mailed["reset reader2@example.com"];
await usual.call("/reset-password", { newPassword: PASSWORD, token: usedReset });
await askReset(usual, 2);
const pendingReset = mailed["reset reader2@example.com"];
await usual.call("/send-verification-email", { email: "reader1@example.com" }, { cookie: first.cookie });
await usual.call("/sign-in/social", { provider: "google", callbackURL: "/" });

const key = await usual.call("/api-key/create", { name: "robot" }, { cookie: first.cookie });
await usual.call("/get-session", undefined, { "x-api-key": key.body.key });
await usual.call("/token", undefined, { cookie: first.cookie });

await askReset(brief, 1);
const expired = await signIn(brief, 1);
await new Promise((done) => setTimeout(done, 1200));

console.log(
  JSON.stringify({
    moment: new Date().toISOString(),
    sessions: {
      live: { reader1: [first.cookie, unremembered], reader2: [second.cookie], reader3: [social.cookie] },
      ended: { "signed out": signedOut, revoked, expired, "deleted user": gone.cookie },
    },
    resets: { pending: pendingReset, used: usedReset, expired: mailed["reset reader1@example.com"] },
    verification: mailed["verify reader1@example.com"],
    apiKey: key.body.key,
  }),
);
usual.close();
brief.close();
await pool.end();
