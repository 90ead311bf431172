import pytest
from starlette.responses import JSONResponse, Response

from tests.auth_service.oauth.site import DONE, Site, error_of


async def test_a_public_address_goes_before_the_primary_one(site: Site) -> None:
    site.provider.userinfo = {"email": "work@example.com", "name": "Mina"}
    browser = site.browser()
    await browser.sign_in("github")
    user = await browser.user()
    assert user is not None
    assert (user["name"], user["email"]) == ("Mina", "work@example.com")
    assert user["emailVerified"] is False  # the list says so of this one


async def test_a_public_address_that_is_not_listed_is_not_verified(site: Site) -> None:
    site.provider.userinfo = {"email": "elsewhere@example.com"}
    browser = site.browser()
    await browser.sign_in("github")
    user = await browser.user()
    assert user is not None
    assert user["emailVerified"] is False


@pytest.mark.parametrize("listed", [[], {"message": "Not Found"}, [5, {"email": 7}]])
async def test_without_a_list_there_is_no_address(site: Site, listed: object) -> None:
    async def door() -> Response:
        return JSONResponse(listed)

    site.provider.faults["/api/v3/user/emails"] = door
    assert error_of(await site.browser().sign_in("github")) == "email_not_found"


async def test_without_a_primary_address_the_first_is_taken(site: Site) -> None:
    async def door() -> Response:
        return JSONResponse([{"email": "First@example.com", "verified": True}])

    site.provider.faults["/api/v3/user/emails"] = door
    browser = site.browser()
    assert await browser.sign_in("github") == DONE
    user = await browser.user()
    assert user is not None
    assert (user["email"], user["emailVerified"]) == ("first@example.com", True)


@pytest.mark.parametrize("number", [None, "5", True, 5.5])
async def test_a_user_without_a_number_is_nobody(site: Site, number: object) -> None:
    site.provider.userinfo = {"id": number}
    assert error_of(await site.browser().sign_in("github")) == "unable_to_get_user_info"
