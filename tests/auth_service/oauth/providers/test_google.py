from auth_service.oauth.provider import OAuthClient
from auth_service.oauth.providers.google import Google
from auth_service.web_client import WebClient
from tests.auth_service.oauth.site import Site, error_of


async def test_googles_doors_are_known_beforehand() -> None:
    web = WebClient(seconds=1)
    own = await Google(OAuthClient("id", "secret")).doors(web)
    other = await Google(OAuthClient("id", "secret"), "https://stand-in.example").doors(web)
    await web.close()
    assert own.authorize == "https://accounts.google.com/o/oauth2/v2/auth"
    assert (own.token, own.issuer) == (
        "https://oauth2.googleapis.com/token",
        "https://accounts.google.com",
    )
    assert (other.token, other.issuer) == (
        "https://stand-in.example/token",
        "https://stand-in.example",
    )


async def test_without_an_id_token_google_says_nothing(site: Site) -> None:
    site.provider.token_extra = {"id_token": 5}
    browser = site.browser()
    url = (await browser.start("google")).replace("+openid", "")
    page = await browser.arrive(await browser.consent(url))
    assert error_of(page) == "unable_to_get_user_info"
