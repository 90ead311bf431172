import asyncio

import pytest

from tests.auth_service.oauth.authorization_server import Person
from tests.auth_service.oauth.site import DONE, KINDS, Browser, Site, error_of
from tests.auth_service.service import COOKIE


@pytest.mark.parametrize("kind", KINDS)
async def test_two_verified_addresses_that_are_one_are_linked(site: Site, kind: str) -> None:
    reader = await site.reader(verified=True)
    browser = site.browser()

    assert await browser.sign_in(kind) == DONE

    assert await browser.user() == await reader.user()
    assert {each["providerId"] for each in await browser.accounts()} == {"credential", kind}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("here", "there"), [(False, True), (True, False), (False, False)])
async def test_an_address_verified_on_one_side_alone_is_never_linked(
    site: Site, kind: str, here: bool, there: bool
) -> None:
    await site.reader(verified=here)
    site.provider.person = Person(email_verified=there)
    browser = site.browser()

    assert error_of(await browser.sign_in(kind)) == "account_not_linked"

    assert COOKIE not in browser.cookies
    assert await site.count("account") == 1


@pytest.mark.parametrize("said", ["false", "yes", 1, None])
async def test_only_a_clear_yes_says_that_an_address_is_verified(site: Site, said: object) -> None:
    await site.reader(verified=True)
    site.provider.person = Person(email_verified=said)
    assert error_of(await site.browser().sign_in("campus")) == "account_not_linked"


async def test_a_yes_in_words_is_a_yes(site: Site) -> None:
    await site.reader(verified=True)
    site.provider.person = Person(email="Mina@Example.com", email_verified="true")
    assert await site.browser().sign_in("campus") == DONE


async def test_a_linked_account_hands_on_that_its_address_is_verified(site: Site) -> None:
    site.provider.person = Person(email_verified=False)
    browser = site.browser()
    await browser.sign_in("google")
    site.provider.person = Person()

    await browser.sign_in("google")

    user = await browser.user()
    assert user is not None
    assert user["emailVerified"] is True


async def test_of_another_address_it_hands_on_nothing(site: Site) -> None:
    site.provider.person = Person(email_verified=False)
    browser = site.browser()
    await browser.sign_in("google")
    site.provider.person = Person(email="other@example.com")
    await browser.sign_in("google")
    user = await browser.user()
    assert user is not None
    assert (user["email"], user["emailVerified"]) == ("mina@example.com", False)


async def test_two_providers_may_use_one_account_id(site: Site) -> None:
    first, second = site.browser(), site.browser()
    await first.sign_in("google")
    site.provider.person = Person(email="omar@example.com")
    await second.sign_in("github")
    assert await site.count("user") == 2


async def test_an_account_stored_twice_opens_nothing(site: Site) -> None:
    browser = site.browser()
    await browser.sign_in("google")
    await site.service.write(
        'INSERT INTO account (id, "accountId", "providerId", "userId", "updatedAt") '
        'SELECT \'twice\', "accountId", "providerId", "userId", "updatedAt" FROM account'
    )
    assert error_of(await site.browser().sign_in("google")) == "internal_server_error"


@pytest.mark.parametrize("kind", KINDS)
async def test_a_signed_in_reader_links_an_account(site: Site, kind: str) -> None:
    reader = await site.reader()

    assert await reader.link(kind) == DONE

    assert [each["providerId"] for each in await reader.accounts()] == ["credential", kind]
    user = await reader.user()
    assert user is not None
    assert await site.browser().sign_in(kind) == DONE


async def test_linking_again_renews_tokens_and_joins_scopes(site: Site) -> None:
    reader = await site.reader()
    await reader.link("google")
    url = await reader.start("google", "link-social", {"scopes": ["calendar"]})
    assert await reader.arrive(await reader.consent(url)) == DONE
    (account,) = [each for each in await reader.accounts() if each["providerId"] == "google"]
    assert account["scopes"] == ["email", "profile", "openid", "calendar"]


async def test_linking_needs_a_session(site: Site) -> None:
    reply = await site.browser().post("link-social", {"provider": "google"})
    assert (reply.status_code, reply.json()["code"]) == (401, "UNAUTHORIZED")


async def test_a_link_ends_with_the_session_that_asked_for_it(site: Site) -> None:
    reader = await site.reader()
    back = await reader.consent(await reader.start("google", "link-social"))
    await reader.post("sign-out", {})
    assert error_of(await reader.arrive(back)) == "unable_to_link_account"
    assert await site.count("account") == 1


async def test_a_link_whose_session_cannot_be_read_is_refused(site: Site) -> None:
    reader = await site.reader()
    back = await reader.consent(await reader.start("google", "link-social"))
    await site.service.write(
        "UPDATE verification SET value = "
        "jsonb_set(value::jsonb, '{link,encryptedSessionToken}', '\"00\"')::text"
    )
    assert error_of(await reader.arrive(back)) == "unable_to_link_account"


async def test_a_link_of_an_older_node_server_has_no_session(site: Site) -> None:
    reader = await site.reader()
    back = await reader.consent(await reader.start("google", "link-social"))
    await site.service.write(
        "UPDATE verification SET value = (value::jsonb #- '{link,encryptedSessionToken}')::text"
    )
    assert await reader.arrive(back) == DONE


@pytest.mark.parametrize(
    ("person", "error"),
    [
        (Person(email_verified=False), "unable_to_link_account"),
        (Person(email="other@example.com"), "email_does_not_match"),
        (Person(email=None), "email_does_not_match"),
    ],
)
async def test_what_is_not_the_readers_is_not_linked(
    site: Site, person: Person, error: str
) -> None:
    reader = await site.reader()
    site.provider.person = person
    if person.email is None:
        person = Person(email=None)
    assert error_of(await reader.link("google")) == error
    assert await site.count("account") == 1


async def test_anothers_account_is_not_linked(site: Site) -> None:
    await site.browser().sign_in("google")
    reader = await site.reader("omar@example.com")
    site.provider.person = Person(email="omar@example.com")
    assert error_of(await reader.link("google")) == "account_already_linked_to_different_user"


async def test_of_fifty_links_at_once_one_row_comes(site: Site) -> None:
    reader = await site.reader()
    browsers = [Browser(site.service, dict(reader.cookies)) for _ in range(50)]
    backs = [await each.consent(await each.start("google", "link-social")) for each in browsers]
    pages = await asyncio.gather(
        *(each.arrive(back) for each, back in zip(browsers, backs, strict=True))
    )
    assert set(pages) == {DONE}
    assert await site.count("account") == 2


async def test_unlinking_leaves_the_last_way_in(site: Site) -> None:
    reader = await site.reader()
    await reader.link("google")
    credential, google = await reader.accounts()

    missing = await reader.post("unlink-account", {"accountId": "x"})
    unlinked = await reader.post("unlink-account", {"accountId": google["id"]})
    last = await reader.post("unlink-account", {"accountId": credential["id"]})

    assert (missing.status_code, missing.json()["code"]) == (400, "ACCOUNT_NOT_FOUND")
    assert unlinked.json() == {"status": True}
    assert last.json() == {
        "message": "You can't unlink your last account",
        "code": "FAILED_TO_UNLINK_LAST_ACCOUNT",
    }
    assert await reader.accounts() == [credential]


async def test_of_two_who_unlink_at_once_one_is_refused(site: Site) -> None:
    reader = await site.reader()
    await reader.link("google")
    rows = await reader.accounts()
    replies = await asyncio.gather(
        *(reader.post("unlink-account", {"accountId": row["id"]}) for row in rows)
    )
    assert sorted(reply.status_code for reply in replies) == [200, 400]


async def test_unlinking_needs_a_fresh_session(site: Site) -> None:
    reader = await site.reader()
    await reader.link("google")
    site.service.clock.advance(days=1)
    reply = await reader.post("unlink-account", {"accountId": "x"})
    assert (reply.status_code, reply.json()["code"]) == (403, "SESSION_NOT_FRESH")
