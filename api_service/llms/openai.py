"""Answers written by a chat model of OpenAI's, or of a server that speaks its API."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from openai import AsyncOpenAI, AsyncStream, BadRequestError, ContentFilterFinishReasonError
from openai.types.chat.completion_create_params import CompletionCreateParamsStreaming

from api_service.llms import ANSWER_TOKENS, Mode, Prompt, Usage
from api_service.llms.chat_chunks import read_chunk
from api_service.llms.recording import recorded_chat
from api_service.openai_client import VENDOR, open_client, translated
from api_service.openai_retries import pause_before
from api_service.problems import ModelUnavailable
from api_service.settings import WritingSettings

TEMPERATURE = 0.2
"""Keeps to the sources more than the vendor's default does; some models know only that."""

CHECKED_SECONDS = 60.0
"""For how long a sign of life counts, so that probes do not become traffic."""


class OpenAIModel:
    """One chat model.

    Args:
        client: Closed by close().
        model: The vendor's name of the model.
    """

    mode: Mode = "generated"

    def __init__(self, client: AsyncOpenAI, model: str) -> None:
        self.name = f"{VENDOR}:{model}"
        self._client = client
        self._model = model
        self._heard_from: float | None = None
        self._temperature: float | None = TEMPERATURE

    async def stream(self, prompt: Prompt) -> AsyncGenerator[str | Usage]:
        """Yield the answer in pieces, asking again before the first where failures may pass.

        Raises:
            ModelUnavailable: The vendor refused, failed, fell silent or broke off.
        """
        tries = 0
        while True:
            begun = False
            temperature = self._temperature
            try:
                once = recorded_chat(
                    self._once(prompt, temperature),
                    self.name,
                    most_tokens=ANSWER_TOKENS,
                    temperature=temperature,
                )
                async with aclosing(once) as pieces:
                    async for piece in pieces:
                        begun = True
                        yield piece
            except ModelUnavailable as problem:
                if temperature is not None and _refuses_temperature(problem.__cause__):
                    self._temperature = None
                    continue
                wait = pause_before(prompt.wanted_by, problem.__cause__, tries)
                if begun or wait is None:
                    raise
            else:
                self._heard_from = time.monotonic()
                return
            tries += 1
            await asyncio.sleep(wait)

    async def _once(self, prompt: Prompt, temperature: float | None) -> AsyncGenerator[str | Usage]:
        """Yield the answer in pieces; a stream that ends without a reason has broken off."""
        body: CompletionCreateParamsStreaming = {
            "model": self._model,
            "messages": [
                {"role": "system", "content": prompt.instructions},
                {"role": "user", "content": prompt.question},
            ],
            "max_completion_tokens": ANSWER_TOKENS,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if temperature is not None:
            body["temperature"] = temperature
        finished = said = False
        usage: Usage | None = None
        with translated(self.name):
            chunks = await self._client.post(
                "/chat/completions",
                body=body,
                cast_to=object,  # as JSON; see chat_chunks
                stream=True,
                stream_cls=AsyncStream[object],
            )
        async with aclosing(chunks):
            pieces = aiter(chunks)
            while True:
                with translated(self.name):
                    received = await anext(pieces, None)
                    if received is None and not (finished and said):
                        raise ValueError("the stream broke off or held no answer")
                    chunk = None if received is None else read_chunk(received)
                    if chunk and chunk.finish_reason == "content_filter":
                        raise ContentFilterFinishReasonError
                if chunk is None:
                    break
                finished = finished or chunk.finish_reason is not None
                if chunk.text:
                    said = True
                    yield chunk.text
                usage = chunk.usage or usage  # some servers tell in every chunk what it took so far
        if usage:
            yield usage

    async def check(self) -> None:
        """Ask for the list of models, which costs nothing, unless it was heard from lately.

        Raises:
            ModelUnavailable: There is no sign of life.
        """
        if self._heard_from and time.monotonic() - self._heard_from < CHECKED_SECONDS:
            return
        with translated(self.name):
            await self._client.models.list()
        self._heard_from = time.monotonic()

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.close()


def _refuses_temperature(error: BaseException | None) -> bool:
    """Tell whether that is what a model refuses, as those do that think before they answer."""
    return isinstance(error, BadRequestError) and error.param == "temperature"


def open_model(settings: WritingSettings, model: str) -> OpenAIModel:
    """Return the chat model of this name; nothing is sent yet."""
    return OpenAIModel(open_client(settings), model)
