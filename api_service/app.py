"""The application: the only file of the service that sees every room."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any, TypedDict

from fastapi import APIRouter, Depends, FastAPI, Request
from starlette.middleware import Middleware
from starlette.responses import Response

from api_service import exception_handlers
from api_service.budgets.headers import LEFT, POLICY, LimitHeadersMiddleware
from api_service.chat.completions_routes import router as completions
from api_service.chat.prompt import PromptFile, read_prompt_file
from api_service.chat.routes import router as chat
from api_service.dependencies import CREDENTIALS, current_caller, resources_of, unkept
from api_service.ingestion.handover import serve_handover, socket_path
from api_service.me.routes import router as me
from api_service.metrics import METRICS
from api_service.problem_json import ProblemBody, render
from api_service.problems import RESTARTED, InvalidRequest, TooLarge, Unavailable, Unexpected
from api_service.resources import Resources, open_resources, read_gauges
from api_service.search.routes import router as search
from api_service.settings import Settings
from api_service.usage.routes import router as usage
from api_service.vector_index import IndexRefused
from service_kit.allowed_hosts import AllowedHostsMiddleware
from service_kit.body_limit import BodyLimitMiddleware
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
from service_kit.trace_export import Tracing
from service_kit.traces import TracingMiddleware

SERVICE = "api-service"

BODY_BYTES = 512 * 1024
"""Largest body; a conversation of hours fits, as chat programs send it with each question."""

OpenResources = Callable[[Settings], AbstractAsyncContextManager[Resources]]


class State(TypedDict):
    """What the lifespan hands to every request."""

    resources: Resources
    prompt_file: PromptFile
    stopping: Stopping


def create_app(
    settings: Settings | None = None, *, open_resources: OpenResources = open_resources
) -> FastAPI:
    """Return the service.

    Args:
        settings: Read from the environment when None, as uvicorn's workers need it; the log is
            then configured too, since each worker is a process of its own.
        open_resources: Opens what the service works with; tests open their own.

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

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[State]:
        prompt_file = await asyncio.to_thread(read_prompt_file)
        async with telemetry.flushed(tracing), AsyncExitStack() as stack:
            resources = await stack.enter_async_context(open_resources(known))
            handover = serve_handover(resources.index, socket_path(known))
            await stack.enter_async_context(handover)
            await stack.enter_async_context(watched(partial(read_gauges, resources)))
            if alone:
                needed = {"index": resources.index.count}
                await stack.enter_async_context(announced(needed))
            stopping = await stack.enter_async_context(stopping_on_signals(known.shutdown_notice))
            yield {"resources": resources, "prompt_file": prompt_file, "stopping": stopping}

    app = FastAPI(
        title="Physical AI Book: answers",
        lifespan=lifespan,
        openapi_url="/openapi.json" if settings.openapi else None,
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        # It would tell where it is asked to by an environment, query strings and all.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        middleware=_middleware(settings, tracing),
    )
    exception_handlers.install(app)
    # Without a model there is search, what is kept, and a refusal in our own words; were it needed,
    # all replicas would leave together when the vendor is away.
    optional = ("model", *(() if settings.revocations == "required" else ("revocations",)))
    app.include_router(health_routes(SERVICE, _probes, optional=optional, details=_details))
    app.include_router(_v1())
    return app


def _v1() -> APIRouter:
    """Return the routes that answer callers; each asks for a valid token before anything else."""
    problem = {"content": {"application/problem+json": {"schema": ProblemBody.model_json_schema()}}}
    documented: dict[int | str, dict[str, Any]] = dict.fromkeys(
        (400, 401, 403, 413, 422, 429, 503), problem
    )
    v1 = APIRouter(
        prefix="/v1",
        dependencies=[*CREDENTIALS, Depends(current_caller), Depends(unkept)],
        responses=documented,
    )
    for room in (chat, completions, search, me, usage):
        v1.include_router(room)
    return v1


def _probes(request: Request) -> Mapping[str, Probe]:
    resources = resources_of(request)
    probes: dict[str, Probe] = {"index": resources.index.count}
    if resources.model.mode == "generated":
        probes["model"] = resources.model.check
    if resources.revocations is not None:
        probes["revocations"] = resources.revocations.probe
    if resources.store.can_be_away:
        probes["limits"] = resources.store.probe
    return probes


def _details(request: Request) -> dict[str, dict[str, str | int | float | None]]:
    revocations = resources_of(request).revocations
    return {} if revocations is None else {"revocations": revocations.told()}


def _middleware(settings: Settings, tracing: Tracing) -> list[Middleware]:
    """Return the middleware, outermost first."""
    hosts = settings.allowed_hosts
    return [
        Middleware(StartMiddleware, explained=(BadSettings, IndexRefused)),
        Middleware(RequestIdMiddleware),
        *([Middleware(BreadcrumbMiddleware)] if settings.sentry_dsn else ()),
        Middleware(AccessLogMiddleware),
        *([Middleware(RequestMetricsMiddleware)] if settings.metrics_port else []),
        *([Middleware(TracingMiddleware, tracer=tracing.tracer)] if tracing.on else []),
        Middleware(SecurityHeadersMiddleware, https=settings.by_https),
        *([Middleware(AllowedHostsMiddleware, hosts=hosts, refuse=_misdirected)] if hosts else []),
        Middleware(
            TrustingCORSMiddleware,
            trusted=TrustedOrigins(settings.trusted_origins),
            # OpenAI's client sends a dozen headers of its own, each program some others. Nothing is
            # guarded by refusing them: who is trusted is told by the origin, and who asks by a
            # token, which no browser adds by itself.
            allow_headers=("*",),
            expose_headers=("Retry-After", "WWW-Authenticate", LEFT, POLICY, REQUEST_ID, TRACE),
            allow_credentials=False,
        ),
        Middleware(LimitHeadersMiddleware),
        Middleware(
            CrashMiddleware,
            render=lambda: render(Unexpected()),
            render_stop=lambda: render(Unavailable(RESTARTED)),
        ),
        Middleware(
            BodyLimitMiddleware,
            limit=BODY_BYTES,
            refuse=lambda error: render(TooLarge(str(error.detail))),
        ),
    ]


def _misdirected() -> Response:
    return render(InvalidRequest("This host is not served here."))
