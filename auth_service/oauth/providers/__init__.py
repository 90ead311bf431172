"""The providers readers can sign in with. A new one is a file here and a line in `_OFFERED`."""

from collections.abc import Callable, Iterable, Mapping

from auth_service.oauth.provider import Provider
from auth_service.oauth.providers import github, google, oidc
from auth_service.oauth_settings import OAuthSettings

_OFFERED: tuple[Callable[[OAuthSettings], Iterable[Provider]], ...] = (
    google.offered,
    github.offered,
    oidc.offered,
)


def choose(settings: OAuthSettings) -> Mapping[str, Provider]:
    """Return the providers that the settings ask for, by their names."""
    return {provider.id: provider for offered in _OFFERED for provider in offered(settings)}
