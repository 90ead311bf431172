import pytest

from tests.auth_service.oauth.authorization_server import FAULTS, Fault, no_object
from tests.auth_service.oauth.site import DONE, Site, error_of

SILENT = {"email": None, "email_verified": None}


@pytest.mark.parametrize("verified", [True, False])
async def test_an_address_may_stand_at_the_userinfo_door_alone(site: Site, verified: bool) -> None:
    site.provider.claims = {**SILENT, "email_verified": True}
    site.provider.userinfo = {"email_verified": verified}
    browser = site.browser()

    assert await browser.sign_in("campus") == DONE

    user = await browser.user()
    assert user is not None
    assert (user["email"], user["emailVerified"]) == ("mina@example.com", verified)
    assert site.provider.asked["/userinfo"] == 1


async def test_the_door_is_not_asked_where_the_token_says_it(site: Site) -> None:
    assert await site.browser().sign_in("campus") == DONE
    assert site.provider.asked["/userinfo"] == 0


async def test_another_persons_address_is_not_taken(site: Site) -> None:
    site.provider.claims = SILENT
    site.provider.userinfo = {"sub": "another", "email": "victim@example.com"}
    assert error_of(await site.browser().sign_in("campus")) == "unable_to_get_user_info"
    assert await site.count("user") == 0


async def test_without_such_a_door_there_is_no_address(site: Site) -> None:
    site.provider.claims = SILENT
    site.provider.configuration = {"userinfo_endpoint": None}
    assert error_of(await site.browser().sign_in("campus")) == "email_not_found"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
async def test_a_door_in_trouble_is_a_refusal(site: Site, fault: Fault) -> None:
    site.provider.claims = SILENT
    site.provider.faults["/userinfo"] = fault
    assert error_of(await site.browser().sign_in("campus")) == "unable_to_get_user_info"


async def test_a_configuration_is_read_once_in_an_hour(site: Site) -> None:
    for _ in range(3):
        await site.browser().sign_in("campus")
    assert site.provider.asked["/.well-known/openid-configuration"] == 1
    assert site.provider.asked["/jwks"] == 1


async def test_a_key_set_that_is_none_proves_nothing(site: Site) -> None:
    site.provider.faults["/jwks"] = no_object
    assert error_of(await site.browser().sign_in("campus")) == "unable_to_get_user_info"


async def test_a_secret_may_not_sign_even_where_the_provider_says_so(site: Site) -> None:
    site.provider.configuration = {"id_token_signing_alg_values_supported": ["HS256", "none"]}
    assert error_of(await site.browser().sign_in("campus")) == "unable_to_get_user_info"


async def test_where_it_says_nothing_of_algorithms_it_is_rs256(site: Site) -> None:
    site.provider.configuration = {"id_token_signing_alg_values_supported": None}
    assert await site.browser().sign_in("campus") == DONE
