"""How often one caller may ask, counted before anything is read or looked up."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from auth_service.better_auth_window import BetterAuthWindow
from auth_service.errors import LimitsUnavailable, Refused, TooManyRequests, render
from auth_service.settings import Settings
from service_kit.client_ip import Network, client_ip, rate_limit_key
from service_kit.rate_limit import RateLimit, RateLimited, RateStore, RateStoreDown

log = structlog.get_logger(__name__)

CREDENTIAL_FAMILIES = frozenset(
    {
        "change-email",
        "change-password",
        "delete-user",
        "forget-password",
        "request-password-reset",
        "reset-password",
        "send-verification-email",
        "set-password",
        "sign-in",
        "sign-up",
        "token/refresh",
        "two-factor",
        "verify-email",
        "verify-password",
    }
)
"""Beginnings of the paths that take a password, a mailed or a refresh token, or that send mail."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a path is counted by, and the bucket it is counted in together with others.

    Attributes:
        limit: How many, in which window.
        bucket: Paths with one bucket count together.
    """

    limit: RateLimit
    bucket: str


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits in force.

    Attributes:
        store: Where requests are counted.
        rule_of: Tells a path's rule; paths are without the base, such as `/sign-in/email`.
        tries: Passwords tried at one account from one network; None: not counted.
        wrong: Wrong passwords at one account from everywhere; None: not counted.
    """

    store: RateStore
    rule_of: Callable[[str], Rule]
    tries: RateLimit | None = None
    wrong: RateLimit | None = None


def open_limits(settings: Settings) -> Limits | None:
    """Return the limits that the settings ask for, None where nothing is limited."""
    if settings.rate_limit == "off":
        return None
    store = RateStore(settings.rate_limit_storage_uri.get_secret_value())
    if settings.rate_limit == "better-auth":
        return Limits(store, _better_auths_rules(store))
    return Limits(
        store,
        _own_rules(settings, store),
        tries=RateLimit(settings.password_tries_limit, store, name="tries"),
        wrong=RateLimit(settings.wrong_password_limit, store, name="wrong"),
    )


def _own_rules(settings: Settings, store: RateStore) -> Callable[[str], Rule]:
    """Return our rules: each family of credential routes in a bucket of its own, the rest in one.

    A bucket for each path, as Better Auth has, would hand out a new one for every made-up path.
    """
    credential = RateLimit(settings.credential_rate_limit, store, name="credential")
    other = Rule(RateLimit(settings.auth_rate_limit, store, name="auth"), "")

    def rule_of(path: str) -> Rule:
        family = _family(path)
        return Rule(credential, family) if family in CREDENTIAL_FAMILIES else other

    return rule_of


def _better_auths_rules(store: RateStore) -> Callable[[str], Rule]:
    """Return Better Auth 1.7.25's default rules: a bucket for each path, three of them strict."""

    def limit(rate: str) -> RateLimit:
        return RateLimit(rate, store, name="better-auth", strategy=BetterAuthWindow)

    changing, mailing, other = limit("3/10 seconds"), limit("3/60 seconds"), limit("100/10 seconds")

    def rule_of(path: str) -> Rule:
        if path.startswith(("/sign-in", "/sign-up", "/change-password", "/change-email")):
            return Rule(changing, path)
        if path in {"/request-password-reset", "/send-verification-email"} or path.startswith(
            "/forget-password"
        ):
            return Rule(mailing, path)
        return Rule(changing if path.startswith("/two-factor/") else other, path)

    return rule_of


class RateLimitMiddleware:
    """Refuses a caller who asks more often than the limits allow.

    Where requests are counted may be away. Routes that take a password are then refused, since
    guessing would have no bound; the others go on.

    Args:
        app: The application behind.
        base_path: Paths below it are counted; `/health` and the like are not.
        trusted_proxies: Whose word on the caller's address is believed.
        client_ip_header: Where they give it.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        base_path: str,
        trusted_proxies: Sequence[Network],
        client_ip_header: str,
    ) -> None:
        self.app = app
        self.base_path = base_path
        self.trusted_proxies = trusted_proxies
        self.client_ip_header = client_ip_header

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the request, and let it through or refuse it."""
        if scope["type"] == "http" and scope["path"].startswith(f"{self.base_path}/"):
            limits: Limits | None = scope["state"]["resources"].limits
            refusal = limits and await self._refusal(limits, scope)
            if refusal:
                log.info("request_refused", code=refusal.code.name, status=refusal.code.status)
                await render(refusal)(scope, receive, send)
                return
        await self.app(scope, receive, send)

    async def _refusal(self, limits: Limits, scope: Scope) -> Refused | None:
        path = scope["path"].removeprefix(self.base_path)
        rule = limits.rule_of(path)
        address = client_ip(scope, self.trusted_proxies, self.client_ip_header)
        caller = rate_limit_key(address)
        try:
            await rule.limit.hit(f"{caller}|{rule.bucket}")
        except RateLimited as error:
            return TooManyRequests(error.retry_after)
        except RateStoreDown:
            return LimitsUnavailable() if _family(path) in CREDENTIAL_FAMILIES else None
        return None


def _family(path: str) -> str:
    first, second, *_ = (*path.removeprefix("/").split("/", 2), "")
    both = f"{first}/{second}"
    return both if both in CREDENTIAL_FAMILIES else first
