"""The roof: the only file that sees every room."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any, TypedDict

import structlog
from fastapi import APIRouter, FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from auth_service import resources
from auth_service.accounts.mailed_routes import router as mailed
from auth_service.accounts.routes import router as accounts
from auth_service.admin.routes import router as admin
from auth_service.api_keys.internal_routes import router as internal_api_keys
from auth_service.api_keys.routes import router as api_keys
from auth_service.database.address import read_address
from auth_service.direct import DirectEndpointsMiddleware
from auth_service.error_codes import Code
from auth_service.error_page import router as error_page
from auth_service.errors import Refused, Unavailable, render
from auth_service.limits import RateLimitMiddleware
from auth_service.mail import choose
from auth_service.metrics import METRICS
from auth_service.oauth.account_routes import router as provider_accounts
from auth_service.oauth.callback_routes import router as callbacks
from auth_service.oauth.routes import router as oauth
from auth_service.resources import OpenResources, Resources, read_gauges
from auth_service.revocations.routes import router as revocations
from auth_service.schema_refusals import refused_by_schema
from auth_service.sessions.auth_jwt import AUTH_JWT_HEADER
from auth_service.sessions.cookies import AUTH_TOKEN_HEADER
from auth_service.sessions.routes import get_session
from auth_service.sessions.routes import router as sessions
from auth_service.settings import BASE_PATH, Settings
from auth_service.tokens.routes import get_jwt
from auth_service.tokens.routes import router as tokens
from auth_service.users.mailed_routes import router as mailed_users
from auth_service.users.routes import router as users
from auth_service.wire import RefusalBody
from service_kit.allowed_hosts import AllowedHostsMiddleware
from service_kit.body_limit import BodyLimitMiddleware, BodyTooLarge
from service_kit.crashes import CrashMiddleware
from service_kit.health import Probe, announced, health_routes
from service_kit.logs import AccessLogMiddleware
from service_kit.metrics import measure
from service_kit.metrics.requests import RequestMetricsMiddleware
from service_kit.metrics.vitals import watched
from service_kit.origins import TrustedOrigins, TrustingCORSMiddleware
from service_kit.request_id import HEADER as REQUEST_ID
from service_kit.request_id import RequestIdMiddleware
from service_kit.security_headers import SecurityHeadersMiddleware
from service_kit.sentry import BreadcrumbMiddleware
from service_kit.settings import BadSettings
from service_kit.starting import StartMiddleware
from service_kit.stopping import Stopping, stopping_on_signals
from service_kit.telemetry import Telemetry, start_telemetry
from service_kit.trace_context import HEADER as TRACE
from service_kit.trace_context import STATE_HEADER as TRACE_STATE
from service_kit.trace_export import Tracing
from service_kit.traces import TracingMiddleware

log = structlog.get_logger(__name__)

SERVICE = "auth-service"
_REFUSALS: dict[int | str, dict[str, Any]] = {
    "default": {"model": RefusalBody, "description": "Refused; 429 and 503 say Retry-After"}
}
BODY_LIMIT = 64 * 1024  # bytes
INTERNAL_PATH = "/internal"
"""Where api-service asks, and nobody else may; outside of Better Auth's paths and their limits."""


class State(TypedDict):
    """What the lifespan hands to requests."""

    resources: Resources
    stopping: Stopping


def create_app(
    settings: Settings | None = None, *, open_resources: OpenResources = resources.open_resources
) -> FastAPI:
    """Build the service.

    Args:
        settings: Read from the environment when None, as uvicorn's workers need it; the log is
            then configured too, since each worker is a process of its own.
        open_resources: Opens what lives as long as the process; tests open their own.

    Raises:
        BadSettings: A setting is missing or wrong.
    """
    telemetry = Telemetry()
    if alone := settings is None:
        settings = Settings.from_environment()
        telemetry = start_telemetry(SERVICE, settings)
        if settings.metrics_port is not None:
            measure(METRICS)
    known = settings
    tracing = Tracing(SERVICE, settings)
    read_address(settings.database_url.get_secret_value())  # a wrong one is said before the start
    choose(settings)  # likewise

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[State]:
        async with telemetry.flushed(tracing), AsyncExitStack() as stack:
            opened = await stack.enter_async_context(open_resources(known))
            await stack.enter_async_context(watched(partial(read_gauges, opened)))
            if alone:
                needed = {"database": opened.schema.require}
                await stack.enter_async_context(announced(needed))
            stopping = await stack.enter_async_context(stopping_on_signals(known.shutdown_notice))
            yield State(resources=opened, stopping=stopping)

    app = FastAPI(
        title=SERVICE,
        description="Accounts, sessions and tokens; speaks Better Auth's protocol.",
        lifespan=lifespan,
        openapi_url="/openapi.json" if settings.openapi else None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
        middleware=_middleware(settings, tracing),
    )
    readers = (sessions, accounts, mailed, users, mailed_users, tokens)
    rooms = (*readers, oauth, callbacks, provider_accounts, api_keys, admin)
    for router in (_ok_routes(), error_page, *rooms):
        app.include_router(router, prefix=BASE_PATH, responses=_REFUSALS)
    app.include_router(revocations, prefix=INTERNAL_PATH, responses=_REFUSALS)
    app.include_router(internal_api_keys, prefix=INTERNAL_PATH, responses=_REFUSALS)
    optional = {"mail", "limits"}
    app.include_router(health_routes(SERVICE, _probes, optional=optional, details=_details))
    app.add_exception_handler(Refused, _refuse)
    app.add_exception_handler(HTTPException, _refuse_http)
    app.add_exception_handler(ClientDisconnect, _nobody_listens)
    return app


def _middleware(settings: Settings, tracing: Tracing) -> list[Middleware]:
    """Return what a request passes on its way in, outermost first."""
    hosts = settings.allowed_hosts
    return [
        Middleware(StartMiddleware, explained=(BadSettings,)),
        Middleware(RequestIdMiddleware),
        *([Middleware(BreadcrumbMiddleware)] if settings.sentry_dsn else ()),
        Middleware(AccessLogMiddleware),
        *([Middleware(RequestMetricsMiddleware)] if settings.metrics_port else []),
        *([Middleware(TracingMiddleware, tracer=tracing.tracer)] if tracing.on else []),
        Middleware(SecurityHeadersMiddleware, https=settings.secure_cookies),
        *([Middleware(AllowedHostsMiddleware, hosts=hosts, refuse=_misdirected)] if hosts else []),
        Middleware(
            TrustingCORSMiddleware,
            trusted=TrustedOrigins(settings.all_trusted_origins),
            allow_headers=(
                *("Content-Type", "Authorization", "X-API-Key", REQUEST_ID),
                *(TRACE, TRACE_STATE),
            ),
            expose_headers=(
                AUTH_TOKEN_HEADER,
                *([AUTH_JWT_HEADER] if settings.set_auth_jwt else ()),
                *(REQUEST_ID, TRACE),
                "Retry-After",
                "X-Retry-After",
            ),
            allow_credentials=True,
        ),
        Middleware(
            CrashMiddleware,
            render=partial(render, Refused(Code.INTERNAL_SERVER_ERROR)),
            render_stop=partial(render, Unavailable()),
            excuse=refused_by_schema,
        ),
        Middleware(
            RateLimitMiddleware,
            base_path=BASE_PATH,
            trusted_proxies=settings.trusted_proxies,
            client_ip_header=settings.client_ip_header,
        ),
        Middleware(BodyLimitMiddleware, limit=BODY_LIMIT, refuse=_too_large),
        Middleware(
            DirectEndpointsMiddleware,
            endpoints={f"{BASE_PATH}/get-session": get_session, f"{BASE_PATH}/jwt": get_jwt},
            refuse=_refuse,
        ),
    ]


def _ok_routes() -> APIRouter:
    router = APIRouter(tags=["health"])

    @router.get("/ok")
    async def ok() -> dict[str, bool]:
        """Say that Better Auth's paths are served here."""
        return {"ok": True}

    return router


def _probes(request: Request) -> dict[str, Probe]:
    opened: Resources = request.state.resources
    postbox = opened.postbox
    mail = {} if postbox is None or not postbox.can_be_away else {"mail": postbox.probe}
    store = None if opened.limits is None else opened.limits.store
    limits = {} if store is None or not store.can_be_away else {"limits": store.probe}
    return {"database": opened.schema.require, **mail, **limits}


def _details(request: Request) -> dict[str, dict[str, str | int | float | None]]:
    opened: Resources = request.state.resources
    schema = opened.schema.told()
    return {"schema": schema} if schema else {}


async def _refuse(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)  # noqa: S101 -- as registered; Starlette types it wider
    log.info("request_refused", code=error.code.name, status=error.status)
    return render(error)


async def _refuse_http(_request: Request, error: Exception) -> Response:
    """Answer an unknown path and a wrong method as Better Auth does: 404, and nothing else."""
    if isinstance(error, BodyTooLarge):
        return _too_large(error)
    return Response(status_code=404)


def _too_large(_error: BodyTooLarge) -> Response:
    log.info("request_refused", code=Code.PAYLOAD_TOO_LARGE.name, status=413)
    return render(Refused(Code.PAYLOAD_TOO_LARGE))


def _misdirected() -> Response:
    log.info("request_refused", code=Code.BAD_REQUEST.name, status=400)
    return render(Refused(Code.BAD_REQUEST, "This host is not served here"))


async def _nobody_listens(_request: Request, _error: Exception) -> Response:
    """Answer a caller who hung up while sending; nobody reads it, and nothing has crashed."""
    return Response(status_code=400)
