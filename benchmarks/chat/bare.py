"""A route that makes the two calls of an answer and nothing else: `python -m benchmarks.chat.bare`.

It listens on PORT, asks OPENAI_BASE_URL through the same package as ours, and sends the body in the
file PROMPT, which is what ours sent, with the reader's message as its last. It checks no token,
finds no sources and looks at no citation: good for being measured and for nothing else.
"""

import json
import os
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import openai
import uvicorn
from fastapi import FastAPI, Request
from pydantic import BaseModel

EMBEDDING_MODEL = "text-embedding-3-small"


class Message(BaseModel):
    """What the reader asks."""

    message: str


class Reply(BaseModel):
    """What the model says."""

    response: str


async def words(
    client: openai.AsyncOpenAI, prompt: Mapping[str, Any], message: str
) -> AsyncGenerator[str]:
    """Embed a message, then yield the answer to it in pieces.

    Args:
        client: Asked twice.
        prompt: The body of the second request, as JSON; the message takes the place of its last.
        message: The reader's own words.
    """
    await client.embeddings.create(model=EMBEDDING_MODEL, input=[message])
    messages = [*prompt["messages"][:-1], {"role": "user", "content": message}]
    # The body is whatever ours sends; the package's types know its members one by one.
    create = cast("Any", client.chat.completions.create)
    async with await create(**{**prompt, "messages": messages}) as chunks:
        async for chunk in chunks:
            if chunk.choices and (piece := chunk.choices[0].delta.content):
                yield piece


def create_app(base_url: str, prompt: Mapping[str, Any]) -> FastAPI:
    """Return the application."""

    @asynccontextmanager
    async def client(_app: FastAPI) -> AsyncIterator[dict[str, object]]:
        async with openai.AsyncOpenAI(api_key="sk-measured", base_url=base_url) as opened:
            yield {"client": opened}

    app = FastAPI(lifespan=client)

    @app.post("/v1/chat")
    async def ask(question: Message, request: Request) -> Reply:
        pieces = words(request.state.client, prompt, question.message)
        return Reply(response="".join([piece async for piece in pieces]))

    return app


if __name__ == "__main__":
    uvicorn.run(
        create_app(
            os.environ["OPENAI_BASE_URL"], json.loads(Path(os.environ["PROMPT"]).read_bytes())
        ),
        port=int(os.environ["PORT"]),
        access_log=False,
        log_level="warning",
    )
