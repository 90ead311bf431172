"""OpenAI's API, as api-service uses it: chat and embeddings."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from tests.api_service.book import ingest
from tests.api_service.scripted_openai import says, scripted_openai
from tests.api_service.service import make_settings
from tests.faults.book import api_process, chat, reading, search, stream
from tests.faults.cells import Dependency, Question, Site
from tests.faults.postgres import health, ready
from tests.faults.proxy import proxied

WORDS = ("An IMU is a package of sensors, each for an axis. ",) * 20
CUT_BYTES = 2000
"""Where an answer is cut: after some of its words, and in the middle of a vector."""

KEY = "sk-of-the-tests"


def running(fallback: str) -> Callable[[Path], AbstractAsyncContextManager[Site]]:
    """Return what runs api-service with its vendor behind a proxy.

    Args:
        fallback: FALLBACK.
    """

    @asynccontextmanager
    async def started(folder: Path) -> AsyncIterator[Site]:
        async with scripted_openai() as openai:
            openai.chat = says(*WORDS, "[1].")
            await ingest(make_settings(folder / "data", openai=openai))
            behind = urlsplit(openai.base_url).port or 0
            async with proxied(behind, cut_after=CUT_BYTES) as proxy:
                settings = {
                    "OPENAI_API_KEY": KEY,
                    "OPENAI_BASE_URL": f"http://127.0.0.1:{proxy.port}/v1",
                    "FALLBACK": fallback,
                }
                async with api_process(folder, **settings) as service, reading(service) as http:
                    yield Site(proxy, service, http)

    return started


AWAY = "503 model-unavailable"

OPENAI: Dependency[Site] = Dependency(
    name="OpenAI: chat and embeddings",
    prose=(
        "Without an embedding the book is searched by terms alone, and answers and results say "
        "so (`bm25`). Without a model an answer is refused, or a stream that has begun ends "
        "with an `error` that says when to come again. What fails before the first word is "
        "tried again; silence is waited for at most five seconds for a vector and "
        "`LLM_SILENCE_MS` for a word. Five failures in a row open a circuit breaker, and nobody "
        "is asked for ten seconds and up to a minute, which is how long answers may stay away "
        "once the vendor is back. `/ready` believes for a minute in a model that was heard."
    ),
    running=running("none"),
    questions=(
        Question("`GET /health`", health, well="200", away="200", seconds=1),
        Question("`GET /ready`", ready, well="200", away="200", seconds=3),
        Question(
            "`POST /v1/chat`", chat, well="200 generated, hybrid", away=AWAY, seconds=25, at_once=1
        ),
        Question(
            "`POST /v1/chat/stream`",
            stream,
            well="200, words, done",
            away="200, sources, error model-unavailable",
            but={"cut": "200, words, error model-unavailable"},
            seconds=25,
            at_once=1,
        ),
        Question(
            "`GET /v1/search`", search, well="200 hybrid", away="200 bm25", seconds=10, at_once=1
        ),
    ),
    recovery=65,
    quick=("refused", "cut"),
    pool=4,
)

OPENAI_WITH_FALLBACK: Dependency[Site] = replace(
    OPENAI,
    name="OpenAI, with `FALLBACK=extractive`",
    prose=(
        "The book's own sentences answer where no model begins to. An answer that a model has "
        "begun is not gone on with: it ends as it does without a fallback."
    ),
    running=running("extractive"),
    questions=(
        *OPENAI.questions[:2],
        Question(
            "`POST /v1/chat`",
            chat,
            well="200 generated, hybrid",
            away="200 extractive, bm25",
            but={"cut": AWAY},
            seconds=25,
            at_once=1,
        ),
        Question(
            "`POST /v1/chat/stream`",
            stream,
            well="200, words, done",
            away="200, words, done",
            but={"cut": "200, words, error model-unavailable"},
            seconds=25,
            at_once=1,
        ),
        OPENAI.questions[4],
    ),
    quick=("reset", "cut"),
)
