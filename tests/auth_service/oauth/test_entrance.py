"""What signing in with a provider leaves behind: events, and nothing for who is banned."""

from tests.auth_service.admins import events
from tests.auth_service.oauth.authorization_server import Person, broken
from tests.auth_service.oauth.site import DONE, Browser, Site, error_of, parameters
from tests.auth_service.service import COOKIE

BANNED = (
    "You have been banned from this application. "
    "Please contact support if you believe this is an error."
)


async def id_of(browser: Browser) -> str:
    user = await browser.user()
    assert user is not None
    return str(user["id"])


async def last(site: Site, number: int) -> list[tuple[object, ...]]:
    rows = await site.service.rows(
        "SELECT event, actor_id, user_id, ip_address, detail FROM audit_event"
        " ORDER BY id DESC LIMIT :number",
        number=number,
    )
    return rows[::-1]


async def ban(site: Site, expires: str = "NULL") -> None:
    await site.service.write(f'UPDATE "user" SET banned = true, "banExpires" = {expires}')  # noqa: S608 -- ours
    await site.service.write("DELETE FROM session")


async def test_who_is_banned_comes_back_to_an_error_and_no_session(site: Site) -> None:
    browser = site.browser()
    await browser.sign_in("google")
    user_id = await id_of(browser)
    await ban(site)
    again = site.browser()

    page = await again.sign_in("google")

    assert parameters(page) == {"a": "1", "error": "BANNED_USER", "error_description": BANNED}
    assert COOKIE not in again.cookies
    assert "better-auth.state" not in again.cookies
    assert await site.count("session") == 0
    detail = {"provider": "google", "reason": "banned"}
    assert await last(site, 1) == [("sign_in_failed", None, user_id, "203.0.113.7", detail)]


async def test_who_is_banned_gets_nothing_for_an_id_token(site: Site) -> None:
    browser = site.browser()
    await browser.sign_in("google")
    user_id = await id_of(browser)
    await ban(site)

    body = {"provider": "google", "idToken": {"token": site.provider.id_token()}}
    reply = await site.browser().post("sign-in/social", body)

    assert (reply.status_code, reply.json()) == (403, {"message": BANNED, "code": "BANNED_USER"})
    assert "set-cookie" not in reply.headers
    assert await site.count("session") == 0
    assert [row[:3] for row in await last(site, 1)] == [("sign_in_failed", None, user_id)]


async def test_nobody_is_linked_to_a_user_who_is_banned(site: Site) -> None:
    await site.reader(verified=True)
    await ban(site)
    assert error_of(await site.browser().sign_in("google")) == "BANNED_USER"
    assert await site.count("account") == 1


async def test_a_ban_that_is_over_is_taken_off_by_signing_in(site: Site) -> None:
    browser = site.browser()
    await browser.sign_in("google")
    await ban(site, expires="'2026-03-01 12:00:00+00'")
    assert await browser.sign_in("google") == DONE
    assert await site.service.rows('SELECT banned FROM "user"') == [(False,)]


async def test_each_way_in_is_written_down_with_its_provider(site: Site) -> None:
    browser = site.browser()
    await browser.sign_in("google")
    await browser.sign_in("google")
    body = {"provider": "google", "idToken": {"token": site.provider.id_token()}}
    await site.browser().post("sign-in/social", body)

    user_id = await id_of(browser)
    assert await last(site, 3) == [
        (event, user_id, user_id, "203.0.113.7", {"provider": "google"})
        for event in ("signed_up", "signed_in", "signed_in")
    ]


async def test_linking_and_unlinking_are_written_down(site: Site) -> None:
    browser = await site.reader(verified=True)
    user_id = await id_of(browser)
    await browser.link("google")
    await browser.link("google")  # nothing is linked that is so already
    await site.browser().sign_in("campus")
    for account in await browser.accounts():
        if account["providerId"] != "credential":
            reply = await browser.post("unlink-account", {"accountId": account["id"]})
            assert reply.status_code == 200

    assert await events(site.service, user_id) == [
        *("signed_up", "account_linked", "account_linked", "signed_in"),
        *("account_unlinked", "account_unlinked"),
    ]
    linked = await site.service.rows(
        "SELECT actor_id, detail FROM audit_event WHERE event = 'account_linked' "
        "AND user_id = :id ORDER BY id",
        id=user_id,
    )
    assert linked == [(user_id, {"provider": name}) for name in ("google", "campus")]


async def test_an_account_nobody_gets_into_is_named_in_the_event(site: Site) -> None:
    reader = await site.reader(verified=False)
    assert error_of(await site.browser().sign_in("google")) == "account_not_linked"
    detail = {"provider": "google", "reason": "account_not_linked"}
    assert await last(site, 1) == [
        ("sign_in_failed", None, await id_of(reader), "203.0.113.7", detail)
    ]


async def test_a_code_or_an_id_token_that_does_not_hold_is_written_down(site: Site) -> None:
    site.provider.faults["/token"] = broken
    await site.browser().sign_in("google")
    body = {"provider": "google", "idToken": {"token": "a.b.c"}}
    await site.browser().post("sign-in/social", body)
    assert [row[4] for row in await last(site, 2)] == [
        {"provider": "google", "reason": "invalid_code"},
        {"provider": "google", "reason": "invalid_token"},
    ]


async def test_who_changes_their_mind_at_the_provider_is_no_event(site: Site) -> None:
    before = await last(site, 1)
    site.provider.person = None
    assert error_of(await site.browser().sign_in("google")) == "access_denied"
    assert await last(site, 1) == before


async def test_an_address_the_provider_has_verified_is_written_down(site: Site) -> None:
    site.provider.person = Person(email_verified=False)
    browser = site.browser()
    await browser.sign_in("google")
    site.provider.person = Person()
    await browser.sign_in("google")
    assert await events(site.service, await id_of(browser)) == [
        *("signed_up", "email_verified", "signed_in"),
    ]


async def test_what_a_caller_stores_along_leads_nobody_elsewhere(site: Site) -> None:
    # Neither by Better Auth's names nor by ours.
    evil = "https://evil.example/"
    names = ("newUserURL", "new_user_url", "errorURL", "error_url", "callbackURL", "callback_url")
    wishes = {"additionalData": dict.fromkeys(names, evil), "callbackURL": DONE}
    browser = site.browser()
    reply = await browser.post("sign-in/social", {"provider": "google", **wishes})
    assert await browser.arrive(await browser.consent(reply.json()["url"])) == DONE
    site.provider.person = None
    reply = await browser.post("sign-in/social", {"provider": "google", **wishes})
    page = await browser.arrive(await browser.consent(reply.json()["url"]))
    assert page.startswith("http://localhost:3001/api/auth/error?")


async def test_what_a_caller_stores_along_becomes_nothing_of_the_user(site: Site) -> None:
    told = {"role": "admin", "banned": False, "user": {"role": "admin"}, "emailVerified": True}
    browser = site.browser()
    await browser.start("google", wishes={"additionalData": told, **told})
    site.provider.person = Person(email_verified=False)
    await browser.arrive(
        await browser.consent(await browser.start("google", wishes={"additionalData": told}))
    )
    rows = await site.service.rows('SELECT role, banned, "emailVerified" FROM "user"')
    assert rows == [(None, None, False)]
