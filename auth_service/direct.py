"""The fast path: get-session and jwt, which are asked for with every page a reader opens.

For these two FastAPI only writes the OpenAPI document. Their routes are declared like all others,
but as functions of the request alone, and `DirectEndpointsMiddleware`, innermost of the
middleware, calls them before FastAPI looks for a route. What that spares is most of what such a
request would cost: the search through all routes, the solving of dependencies, two exit stacks.
What they do in its place is the same as elsewhere, said by hand:

    sessions/current.py      present() reads cookie and bearer token in one pass over the headers
    database/reader.py       one joined SELECT through asyncpg, prepared, in autocommit
    sessions/current.py      look_up() renews or ends the session where its time has come, which is
                             rare and goes through SQLAlchemy

A refusal is raised as everywhere and rendered by the same function. Any other path, method or a
slash too much goes on to FastAPI, which answers as Better Auth does. Routes that are asked less
often depend on CurrentSession, which comes to the same look_up().
"""

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from auth_service.errors import Refused

Endpoint = Callable[[Request], Awaitable[Response]]


class DirectEndpointsMiddleware:
    """Answers GET requests for a few paths by itself.

    Args:
        app: The application behind.
        endpoints: By path; functions of the request.
        refuse: Renders what an endpoint refuses.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        endpoints: Mapping[str, Endpoint],
        refuse: Callable[[Request, Refused], Awaitable[Response]],
    ) -> None:
        self.app = app
        # Named in the scope, as a router does, for the access log.
        self.routes = {path: (Route(path, answer), answer) for path, answer in endpoints.items()}
        self.refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the endpoint, if it is one of ours."""
        found = self.routes.get(scope["path"]) if scope.get("method") == "GET" else None
        if found is None:
            await self.app(scope, receive, send)
            return
        scope["route"], answer = found
        request = Request(scope, receive)
        try:
            response = await answer(request)
        except Refused as refusal:
            response = await self.refuse(request, refusal)
        await response(scope, receive, send)
