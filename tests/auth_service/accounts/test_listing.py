"""Section 10.3 of the reference: GET /list-accounts."""

from tests.auth_service.service import Service, cookie_of
from tests.auth_service.signed_in import counted, get

MEMBERS = {"id", "providerId", "accountId", "userId", "scopes", "createdAt", "updatedAt"}


async def link_google(service: Service, email: str, scope: str | None) -> None:
    await service.write(
        'INSERT INTO account (id, "accountId", "providerId", "userId", scope, "accessToken", '
        '"refreshToken", "idToken", "createdAt", "updatedAt") '
        "SELECT 'google-' || id, '4711', 'google', id, :scope, 'hidden', 'hidden', 'hidden', "
        'now(), now() FROM "user" WHERE email = :email',
        email=email,
        scope=scope,
    )


async def test_list_accounts_tells_the_ways_a_user_signs_in(service: Service) -> None:
    signed_up = await service.sign_up()
    await link_google(service, "mina@example.com", "email, profile,,openid ")
    reply = await get(service, "list-accounts", cookie_of(signed_up))
    assert reply.status_code == 200
    credential, google = reply.json()
    user_id = signed_up.json()["user"]["id"]
    assert credential.keys() == google.keys() == MEMBERS
    assert (credential["providerId"], credential["accountId"]) == ("credential", user_id)
    assert (credential["userId"], credential["scopes"]) == (user_id, [])
    assert credential["createdAt"] == credential["updatedAt"] == "2026-03-01T12:30:15.123Z"
    assert (google["providerId"], google["accountId"]) == ("google", "4711")
    assert google["scopes"] == ["email", "profile", "openid"]


async def test_list_accounts_tells_no_secret_and_nobody_elses(service: Service) -> None:
    await service.sign_up("omar@example.com")
    await link_google(service, "omar@example.com", None)
    cookie = cookie_of(await service.sign_up())
    with counted(service) as statements:
        reply = await get(service, "list-accounts", cookie)
    assert [account["providerId"] for account in reply.json()] == ["credential"]
    assert "hidden" not in reply.text
    assert "argon2" not in reply.text
    assert len(statements) == 2
