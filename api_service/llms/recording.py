"""The span of asking a language model, by OpenTelemetry's conventions; without what is said.

https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/#inference
"""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from opentelemetry.trace import Span

from api_service.llms import Usage
from api_service.settings import vendor_and_model
from service_kit.traces import begun_span, end


def recorded_chat(
    pieces: AsyncGenerator[str | Usage], name: str, *, most_tokens: int, temperature: float | None
) -> AsyncGenerator[str | Usage]:
    """Return the pieces of an answer, which are a span from now until their end.

    Args:
        pieces: As they come; returned as they are where nobody records.
        name: The "vendor:model" that writes them.
        most_tokens: How many it may write.
        temperature: What it was told of chance; None where it keeps to its own.
    """
    vendor, model = vendor_and_model(name)
    asked: dict[str, str | int | float | bool] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": vendor,
        "gen_ai.request.model": model,
        "gen_ai.request.max_tokens": most_tokens,
        "gen_ai.request.stream": True,
    }
    if temperature is not None:
        asked["gen_ai.request.temperature"] = temperature
    recorded = begun_span(f"chat {model}", asked, client=True)
    return _followed(pieces, recorded) if recorded.is_recording() else pieces


async def _followed(
    pieces: AsyncGenerator[str | Usage], recorded: Span
) -> AsyncGenerator[str | Usage]:
    began, silent = time.perf_counter(), True
    try:
        async with aclosing(pieces):
            async for piece in pieces:
                if isinstance(piece, Usage):
                    recorded.set_attribute("gen_ai.usage.input_tokens", piece.input_tokens)
                    recorded.set_attribute("gen_ai.usage.output_tokens", piece.output_tokens)
                elif silent:
                    silent = False
                    first = time.perf_counter() - began
                    recorded.set_attribute("gen_ai.response.time_to_first_chunk", first)
                yield piece
    except BaseException as error:
        end(recorded, error)
        raise
    end(recorded)
