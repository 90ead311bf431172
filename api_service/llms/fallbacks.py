"""Language models asked in their order: the next one where one does not begin to answer.

Who has begun goes on alone: two models' words never make one answer.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from math import inf

import structlog

from api_service.circuit_breaker import CircuitBreaker
from api_service.llms import LanguageModel, Mode, Prompt, Usage, Writer
from api_service.metrics import UPSTREAM_ERRORS
from api_service.problems import ModelUnavailable

log = structlog.get_logger(__name__)

_FOR_THE_NEXT = 0.5
"""The part of the time left that is kept for those behind."""


@dataclass(frozen=True, slots=True)
class _Guarded:
    model: LanguageModel
    breaker: CircuitBreaker


class WithFallbacks:
    """One or several models, each behind a circuit breaker, as one.

    Args:
        models: In the order they are asked; the first gives its name and mode to all.
        silence_seconds: Longest wait for a model's first word, and for each next one.
    """

    def __init__(self, models: Sequence[LanguageModel], silence_seconds: float) -> None:
        self._guarded = [_Guarded(model, CircuitBreaker(model.name)) for model in models]
        self._silence = silence_seconds

    @property
    def name(self) -> str:
        """The first one's "vendor:model"."""
        return self._guarded[0].model.name

    @property
    def mode(self) -> Mode:
        """The first one's."""
        return self._guarded[0].model.mode

    async def stream(self, prompt: Prompt) -> AsyncGenerator[str | Usage | Writer]:
        """Yield the answer of the first that begins one; if it is not the first, who it is before.

        Raises:
            ModelUnavailable: None did, or the one that began did not end.
        """
        failures: list[ModelUnavailable] = []
        for place, guarded in enumerate(self._guarded):
            last = place == len(self._guarded) - 1
            begun = False
            try:
                async with aclosing(self._of(guarded, prompt, last=last)) as pieces:
                    async for piece in pieces:
                        if place and not begun:
                            yield Writer(guarded.model.name, guarded.model.mode)
                        begun = True
                        yield piece
            except ModelUnavailable as failure:
                if begun:
                    raise
                failures.append(failure)
                if not last:
                    log.warning("model_passed_over", model=guarded.model.name)
            else:
                return
        raise min(failures, key=_seconds)

    async def _of(
        self, guarded: _Guarded, prompt: Prompt, *, last: bool
    ) -> AsyncGenerator[str | Usage | Writer]:
        """Yield one model's answer, unless it is silent for too long."""
        now = asyncio.get_running_loop().time
        by = now() + self._silence
        if not last and prompt.wanted_by < inf:
            by = min(by, now() + (prompt.wanted_by - now()) * _FOR_THE_NEXT)
        asked = replace(prompt, wanted_by=min(by, prompt.wanted_by))
        with guarded.breaker.call() as answered:
            async with aclosing(guarded.model.stream(asked)) as pieces:
                while (piece := await _before(by, pieces, guarded.model)) is not None:
                    answered()
                    yield piece
                    by = now() + self._silence

    async def check(self) -> None:
        """Make sure one of them answers, asked in their order.

        Raises:
            ModelUnavailable: None does.
        """
        *others, last = self._guarded
        for guarded in others:
            try:
                return await guarded.model.check()
            except ModelUnavailable:
                continue
        return await last.model.check()

    async def close(self) -> None:
        """Let go of connections."""
        for guarded in self._guarded:
            await guarded.model.close()


async def _before(
    by: float, pieces: AsyncGenerator[str | Usage | Writer], model: LanguageModel
) -> str | Usage | Writer | None:
    # The clock runs only while we wait, never across a yield: there it would interrupt the reader.
    try:
        async with asyncio.timeout_at(by):
            return await anext(pieces, None)
    except TimeoutError as error:
        log.warning("model_unavailable", model=model.name, reason="silent")
        UPSTREAM_ERRORS.add(model.name.partition(":")[0], "silent")
        raise ModelUnavailable from error


def _seconds(failure: ModelUnavailable) -> float:
    """Return after how many seconds it may be mended."""
    return float(failure.headers["Retry-After"])
