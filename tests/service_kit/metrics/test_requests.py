import httpx
from prometheus_client import generate_latest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from service_kit.metrics import Recorder, measured
from service_kit.metrics.requests import METRICS, RequestMetricsMiddleware
from tests.service_kit.asgi import application, client
from tests.service_kit.metrics.reading import Samples, parsed, value


def told(recording: Recorder) -> Samples:
    return parsed(generate_latest(recording.registry).decode())


async def test_a_request_is_counted_under_its_routes_template() -> None:
    with measured(METRICS) as recording:
        async with client(RequestMetricsMiddleware(application())) as http:
            await http.get("/tokens/private?query=private")
            await http.get("/nowhere/private")
            await http.post("/echo", content=b"body")
        text = generate_latest(recording.registry).decode()

    samples = parsed(text)
    for method, route, status in (
        ("GET", "/tokens/{token}", "200"),
        ("GET", "(no route)", "404"),
        ("POST", "/echo", "200"),
    ):
        labels = {"method": method, "route": route}
        assert value(samples, "http_requests_total", **labels, status=status) == 1
        assert value(samples, "http_request_duration_seconds_count", **labels) == 1
    assert "private" not in text


async def test_a_crash_counts_as_500_and_leaves_nothing_in_flight() -> None:
    with measured(METRICS) as recording:
        async with client(RequestMetricsMiddleware(application())) as http:
            await http.get("/crash?words=private")

    samples = told(recording)
    labels = {"method": "GET", "route": "/crash", "status": "500"}
    assert value(samples, "http_requests_total", **labels) == 1
    assert value(samples, "http_requests_in_flight") == 0


async def test_a_method_nobody_knows_makes_no_series_of_its_own() -> None:
    with measured(METRICS) as recording:
        async with client(RequestMetricsMiddleware(application())) as http:
            for made_up in range(3):
                await http.request(f"METHOD{made_up}", "/echo")

    samples = told(recording)
    labels = {"method": "other", "route": "(no route)"}
    assert value(samples, "http_request_duration_seconds_count", **labels) is None
    labels["route"] = "/echo"
    assert value(samples, "http_request_duration_seconds_count", **labels) == 3


async def test_what_is_under_way_is_in_flight() -> None:
    seen: list[float | None] = []

    async def look(_request: Request) -> Response:
        seen.append(value(told(recording), "http_requests_in_flight"))
        return PlainTextResponse("")

    app = application()
    app.routes.append(Route("/look", look))
    with measured(METRICS) as recording:
        async with client(RequestMetricsMiddleware(app)) as http:
            await http.get("/look")

    assert seen == [1]
    assert value(told(recording), "http_requests_in_flight") == 0


async def test_it_passes_everything_on_where_nothing_is_measured() -> None:
    async with client(RequestMetricsMiddleware(application())) as http:
        reply: httpx.Response = await http.get("/echo")

    assert reply.status_code == 200
