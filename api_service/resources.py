"""What lives as long as the process: index, embedder, language model, limit, revocations."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog

from api_service import embedders, llms, rerankers
from api_service.auth_service_client import AuthServiceClient
from api_service.budgets.crowd import Crowd
from api_service.budgets.keeping import Budgets, open_budgets
from api_service.embedders import Embedder
from api_service.identity.api_keys import ApiKeys
from api_service.identity.key_set import KeySet
from api_service.identity.revocations import Revocations, followed
from api_service.llms import LanguageModel
from api_service.metrics import REVOCATIONS_AGE
from api_service.problems import IndexUnavailable
from api_service.retrieval.retriever import EMBED_SECONDS, Retriever
from api_service.retrieval.spelling import Spelling
from api_service.settings import Settings
from api_service.single_flight import SingleFlight
from api_service.vector_index import VectorIndex
from api_service.vector_index.opening import open_index
from service_kit.rate_limit import RateLimit, RateStore, redis_client

EMBED = 1 / 6
"""The part of the time for an answer that a question's embedding may take."""

SILENCE = 1 / 2
"""The part of it that a language model may be silent for."""

COMPARE_AGAIN_SECONDS = 30.0
"""Until an index that is away at start is asked once more whose vectors it has."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Resources:
    """Opened once, closed once, shared by every request.

    Attributes:
        settings: What the service was started with.
        index: Where the book is kept.
        retriever: What it is searched with.
        model: Writes the answers.
        store: Where questions and what answers cost are counted.
        limit: How often one caller may ask, or None where callers are not limited.
        budgets: What answers may cost.
        crowd: How many of them this process gives at once.
        answers: Answers under way and those kept to be given again, or None where none are shared.
        auth_service: Asked for what a token does not say by itself.
        revocations: Which tokens count no more, or None where nobody asks.
        key_set: auth-service's public keys.
        api_keys: Tells whose an API key is.
    """

    settings: Settings
    index: VectorIndex
    retriever: Retriever
    model: LanguageModel
    store: RateStore
    limit: RateLimit | None
    budgets: Budgets
    crowd: Crowd
    answers: SingleFlight | None
    auth_service: AuthServiceClient
    revocations: Revocations | None
    key_set: KeySet
    api_keys: ApiKeys


def read_gauges(opened: Resources) -> None:
    """Tell how long auth-service has been silent."""
    if opened.revocations is not None:
        REVOCATIONS_AGE.put(opened.revocations.silent_for)


@asynccontextmanager
async def open_resources(settings: Settings) -> AsyncIterator[Resources]:
    """Open everything; a server that is away is found out when it is asked, not here.

    Raises:
        BadSettings: A model is named that this service does not know.
    """
    async with AsyncExitStack() as stack:
        model = llms.choose(
            settings,
            silence_seconds=min(settings.llm_silence_ms / 1000, settings.answer_seconds * SILENCE),
            fallback=settings.fallback,
        )
        stack.push_async_callback(model.close)
        embedder = embedders.choose(settings)
        if embedder is not None:
            stack.push_async_callback(embedder.close)
        index = await open_index(settings, to_read=True)
        stack.push_async_callback(index.close)
        spelling = Spelling(index, settings.book_language)
        stack.push_async_callback(spelling.close)
        reranker = rerankers.choose(settings)
        if reranker is not None:
            stack.push_async_callback(reranker.close)
        store = RateStore(settings.rate_limit_storage_uri.get_secret_value())
        stack.push_async_callback(store.close)
        budgets = open_budgets(settings, store)
        stack.push_async_callback(budgets.close)
        answers = None
        if settings.answer_cache:
            answers = SingleFlight(settings.answer_cache)
            stack.push_async_callback(answers.close)
        # The oldest secret: auth-service, restarted after us, may not know the newest yet.
        auth_service = AuthServiceClient(settings.auth_service_url, settings.token_secrets[-1])
        stack.push_async_callback(auth_service.close)
        revocations = None
        if settings.revocations != "off":
            memory = Revocations(
                required=settings.revocations == "required",
                silence_seconds=settings.revocations_silence_seconds,
            )
            revocations = await stack.enter_async_context(followed(memory, auth_service))
        key_set = KeySet(auth_service, settings.auth_service_origin)
        stack.push_async_callback(key_set.close)
        api_keys = ApiKeys(auth_service, revocations)
        stack.push_async_callback(api_keys.close)
        log.info(
            "resources_opened",
            model=model.name,
            mode=model.mode,
            embedder=embedder.name if embedder else None,
            reranker=reranker.name if reranker else None,
            index="server" if settings.qdrant_url else "embedded",
            counted_in="memory" if redis_client(store.storage) is None else "redis",
        )
        if embedder is not None:
            await stack.enter_async_context(_compared(index, embedder))
        yield Resources(
            settings=settings,
            index=index,
            retriever=Retriever(
                index=index,
                embedder=embedder,
                fusion=settings.fusion,
                language=settings.book_language,
                spelling=spelling,
                reranker=reranker,
                embed_seconds=min(EMBED_SECONDS, settings.answer_seconds * EMBED),
            ),
            model=model,
            store=store,
            limit=RateLimit(settings.chat_rate_limit, store, name="chat")
            if settings.rate_limit
            else None,
            budgets=budgets,
            crowd=Crowd(settings.answers_at_once),
            answers=answers,
            auth_service=auth_service,
            revocations=revocations,
            key_set=key_set,
            api_keys=api_keys,
        )


@asynccontextmanager
async def _compared(index: VectorIndex, embedder: Embedder) -> AsyncIterator[None]:
    """Compare them meanwhile: nobody waits at start for an index that is away."""
    comparing = asyncio.create_task(_compare(index, embedder))
    try:
        yield
    finally:
        comparing.cancel()
        await asyncio.gather(comparing, return_exceptions=True)


async def _compare(index: VectorIndex, embedder: Embedder) -> None:
    """Say it where the book's vectors come from another embedder than questions will.

    Searches then go by terms alone, and each says so.
    """
    while True:
        try:
            comparable = await index.comparable(embedder.name, embedder.dimensions)
            if comparable == 0 and await index.count() > 0:
                log.warning(
                    "vectors_not_comparable",
                    embedder=embedder.name,
                    cure="run make ingest with this EMBEDDING_MODEL; until then, terms alone are "
                    "compared",
                )
        except IndexUnavailable:
            await asyncio.sleep(COMPARE_AGAIN_SECONDS)
        else:
            return
