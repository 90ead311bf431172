// A reader's life with the official client, as a page of the site in a browser leads it.
//
// AUTH_URL, SITE and OUTBOX name the service, the origin of the page and the file that mail goes to.
// The last line of the output is what the caller may want to know, as JSON.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

import { createAuthClient } from "better-auth/client";

const { AUTH_URL, SITE, OUTBOX } = process.env;
const EMAIL = "mina@book.example";
const FIRST = "correct horse battery";
const SECOND = "another horse entirely";
const THIRD = "a horse by post";

/** Cookies and cross-origin rules as a browser keeps them; its pages live at `origin`. */
class Browser {
  cookies = new Map();

  constructor(origin) {
    this.origin = origin;
    this.client = createAuthClient({
      baseURL: AUTH_URL,
      fetchOptions: { customFetchImpl: (url, init) => this.fetch(url, init) },
    });
  }

  async fetch(url, init = {}) {
    const headers = new Headers(init.headers);
    if (headers.get("content-type")?.startsWith("application/json")) {
      await this.preflight(url, init.method, [...headers.keys()]);
    }
    headers.set("origin", this.origin);
    // A forged entry: only what a trusted proxy adds may count.
    headers.set("x-forwarded-for", "198.51.100.66");
    const response = await this.visit(url, { ...init, headers });
    this.mayRead(response);
    return response;
  }

  /** Request as a click on a link does: with cookies, without cross-origin rules. */
  async visit(url, init = {}) {
    const headers = new Headers(init.headers);
    if (this.cookies.size > 0) {
      headers.set("cookie", [...this.cookies].map((pair) => pair.join("=")).join("; "));
    }
    const response = await fetch(url, { ...init, headers, redirect: "manual" });
    response.headers.getSetCookie().forEach((line) => this.keep(line));
    return response;
  }

  keep(line) {
    const [pair, ...attributes] = line.split("; ");
    const equals = pair.indexOf("=");
    const name = pair.slice(0, equals);
    assert.ok(attributes.includes("HttpOnly") && attributes.includes("Path=/"), line);
    if (attributes.includes("Max-Age=0")) this.cookies.delete(name);
    else this.cookies.set(name, pair.slice(equals + 1));
  }

  async preflight(url, method, names) {
    const response = await fetch(url, {
      method: "OPTIONS",
      headers: {
        origin: this.origin,
        "access-control-request-method": method,
        "access-control-request-headers": names.join(","),
      },
    });
    this.mayRead(response);
    const allowed = response.headers.get("access-control-allow-headers").toLowerCase();
    for (const name of names) {
      const isSimple = ["accept", "accept-language", "content-language"].includes(name);
      assert.ok(isSimple || allowed.includes(name), `${name} is not allowed to be sent`);
    }
  }

  mayRead(response) {
    const { headers, status } = response;
    const allowed =
      headers.get("access-control-allow-origin") === this.origin &&
      headers.get("access-control-allow-credentials") === "true";
    if (!allowed) throw new TypeError(`blocked by CORS: ${status} ${response.url}`);
  }
}

/** Return what a call brought, which must not be an error. */
async function ok(call) {
  const { data, error } = await call;
  assert.equal(error, null);
  return data;
}

/** Return the status and code of a call that must be refused. */
async function refused(call) {
  const { data, error } = await call;
  assert.equal(data, null);
  return [error.status, error.code];
}

/** Wait for the newest mail of a type; mail leaves in the background. */
async function mail(type) {
  for (let tries = 0; tries < 100; tries += 1) {
    const text = await readFile(OUTBOX, "utf8").catch(() => "");
    const mails = text.split("\n").filter(Boolean).map((line) => JSON.parse(line));
    const found = mails.findLast((each) => each.type === type);
    if (found) return found;
    await sleep(50);
  }
  throw new Error(`no mail of type ${type} came`);
}

const laptop = new Browser(SITE);
const phone = new Browser(SITE);
const me = laptop.client;

// Signing up signs in, and the page is told who is there.
assert.equal(await ok(me.getSession()), null);
const signedUp = await ok(
  me.signUp.email({
    name: "Mina",
    email: "Mina@Book.example",
    password: FIRST,
    softwareBackground: "Python",
  }),
);
assert.equal(signedUp.user.email, EMAIL);
assert.equal(signedUp.user.emailVerified, false);
const first = await ok(me.getSession());
assert.equal(first.user.id, signedUp.user.id);
assert.equal(first.user.softwareBackground, "Python");
assert.equal(first.session.token, signedUp.token);
assert.ok(first.session.expiresAt instanceof Date && first.session.expiresAt > new Date());
assert.deepEqual(
  await refused(phone.client.signUp.email({ name: "M", email: EMAIL, password: FIRST })),
  [422, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL"],
);

// A page of another site may not act for her.
const stranger = new Browser("https://elsewhere.example");
stranger.cookies = new Map(laptop.cookies);
await assert.rejects(stranger.client.signOut(), /blocked by CORS/);
assert.equal((await ok(me.getSession())).session.id, first.session.id);

// The profile.
assert.deepEqual(await ok(me.updateUser({ name: "Mina K.", interestArea: "Humanoids" })), {
  status: true,
});
const { user: changed } = await ok(me.getSession());
assert.deepEqual(
  [changed.name, changed.interestArea, changed.softwareBackground],
  ["Mina K.", "Humanoids", "Python"],
);

// Verifying the address by the link of a mail.
await ok(me.sendVerificationEmail({ email: EMAIL, callbackURL: `${SITE}/verified` }));
const verification = await mail("verification");
assert.equal(verification.to, EMAIL);
assert.ok(verification.url.startsWith(`${AUTH_URL}/`), verification.url);
const verified = await laptop.visit(verification.url);
assert.deepEqual([verified.status, verified.headers.get("location")], [302, `${SITE}/verified`]);
assert.equal((await ok(me.getSession())).user.emailVerified, true);

// The phone signs in; the laptop sees it and ends its session.
assert.deepEqual(await refused(phone.client.signIn.email({ email: EMAIL, password: SECOND })), [
  401,
  "INVALID_EMAIL_OR_PASSWORD",
]);
const onPhone = await ok(phone.client.signIn.email({ email: EMAIL, password: FIRST }));
const listed = await ok(me.listSessions());
assert.deepEqual(new Set(listed.map(({ token }) => token)), new Set([first.session.token, onPhone.token]));
await ok(me.revokeSession({ token: onPhone.token }));
assert.equal(await ok(phone.client.getSession()), null);

// All others, then all.
await ok(phone.client.signIn.email({ email: EMAIL, password: FIRST }));
await ok(me.revokeOtherSessions());
assert.equal(await ok(phone.client.getSession()), null);
assert.equal((await ok(me.listSessions())).length, 1);
await ok(me.revokeSessions());
assert.equal(await ok(me.getSession()), null);
assert.deepEqual(await refused(me.listSessions()), [401, "UNAUTHORIZED"]);

// A new password ends the other sessions where it is asked to.
await ok(me.signIn.email({ email: EMAIL, password: FIRST }));
await ok(phone.client.signIn.email({ email: EMAIL, password: FIRST }));
assert.deepEqual(
  await refused(me.changePassword({ currentPassword: SECOND, newPassword: THIRD })),
  [400, "INVALID_PASSWORD"],
);
await ok(
  me.changePassword({ currentPassword: FIRST, newPassword: SECOND, revokeOtherSessions: true }),
);
assert.equal((await ok(me.getSession())).user.id, signedUp.user.id);
assert.equal(await ok(phone.client.getSession()), null);

// A forgotten password, reset by the link of a mail.
await ok(
  phone.client.requestPasswordReset({ email: EMAIL, redirectTo: `${SITE}/new-password` }),
);
const reset = await mail("reset-password");
const opened = await phone.visit(reset.url);
const page = new URL(opened.headers.get("location"));
assert.equal(`${page.origin}${page.pathname}`, `${SITE}/new-password`);
const token = page.searchParams.get("token");
assert.equal(token, reset.token);
await ok(phone.client.resetPassword({ newPassword: THIRD, token }));
assert.deepEqual(await refused(phone.client.resetPassword({ newPassword: FIRST, token })), [
  400,
  "INVALID_TOKEN",
]);
assert.deepEqual(await refused(phone.client.signIn.email({ email: EMAIL, password: SECOND })), [
  401,
  "INVALID_EMAIL_OR_PASSWORD",
]);
await ok(phone.client.signIn.email({ email: EMAIL, password: THIRD, rememberMe: false }));
const { session } = await ok(phone.client.getSession());

// Signing out.
assert.deepEqual(await ok(phone.client.signOut()), { success: true });
assert.equal(await ok(phone.client.getSession()), null);
assert.equal(phone.cookies.size, 0);

console.log(JSON.stringify({ ipAddress: session.ipAddress, userAgent: session.userAgent }));
