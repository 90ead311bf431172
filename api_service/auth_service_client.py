"""What api-service asks auth-service: the few things that a token does not say by itself.

Nothing a reader with a token does waits for this; auth-service may be away.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx

from api_service.upstreams import count_failure
from service_kit.http_failures import NO_ANSWER
from service_kit.http_pool import NO_QUEUE
from service_kit.request_id import headers_of_the_request
from service_kit.service_token import mint_service_token
from service_kit.traces import span

CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 5.0


class AuthServiceAway(Exception):
    """auth-service did not answer, or not as agreed; the text is a reason's class."""


class AuthServiceClient:
    """Speaks to auth-service in the name of api-service.

    Args:
        url: Where auth-service is, without a slash at the end.
        secret: Shared by both services; signs what tells auth-service who calls.
    """

    def __init__(self, url: str, secret: str) -> None:
        self._secret = secret
        self._http = httpx.AsyncClient(
            base_url=url,
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            limits=NO_QUEUE,
            follow_redirects=False,
            trust_env=False,  # a proxy of the environment's would see keys
        )

    async def get(
        self, path: str, *, seconds: float = ANSWER_SECONDS, **query: str | int
    ) -> dict[str, Any]:
        """Return the JSON object a path answers with.

        Args:
            path: Below auth-service's address, such as /internal/revocations.
            seconds: How long an answer may take.
            query: Parameters.

        Raises:
            AuthServiceAway: There is no such answer.
        """
        return await self._ask("GET", path, seconds=seconds, params=query)

    async def post(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """Return the JSON object a path answers a JSON object with.

        Raises:
            AuthServiceAway: There is no such answer.
        """
        return await self._ask("POST", path, seconds=ANSWER_SECONDS, json=body)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _ask(self, method: str, path: str, *, seconds: float, **said: Any) -> dict[str, Any]:  # noqa: ANN401 -- handed on to httpx
        token = mint_service_token(self._secret, now=datetime.now(UTC))
        timeout = httpx.Timeout(seconds, connect=CONNECT_SECONDS)
        about = {"http.request.method": method, "url.template": path}
        try:
            # httpx counts its time anew with each byte.
            async with asyncio.timeout(seconds + CONNECT_SECONDS):
                with span(f"{method} {path}", about, client=True):
                    headers = {"Authorization": f"Bearer {token}", **headers_of_the_request()}
                    reply = await self._http.request(
                        method, path, headers=headers, timeout=timeout, **said
                    )
            reply.raise_for_status()
            answer = reply.json()
        except (*NO_ANSWER, ValueError) as error:
            count_failure("auth_service", error)
            raise AuthServiceAway(type(error).__name__) from error
        if not isinstance(answer, dict):
            raise AuthServiceAway("NoObject")
        return answer
