"""The citations of an answer: each marker with what it speaks for, compared with its source."""

from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterator,
    Sequence,
)
from dataclasses import replace
from functools import cache

from api_service.chat.events import Citation, Delta
from api_service.chat.markers import Marks, Scanner
from api_service.chat.second_look import Doubt
from api_service.chat.statements import Marker, sentence_end, statements
from api_service.chat.support import Source
from api_service.documents import ScoredChunk
from api_service.search_settings import DEFAULT_LANGUAGE, Language

SecondLook = Callable[[Sequence[Doubt]], Awaitable[Sequence[bool]]]
"""Returns for each doubt whether its source says so after all."""


class Citations:
    """Checks the markers of one answer as its pieces arrive.

    Args:
        sources: What the markers stand for: [n] is sources[n - 1].
        language: Whose stems tell whether a source says what is stated.
        second_look: Tells it of statements in other words than their source's; None: they are not.

    Attributes:
        text: The answer so far, as it went out.
        checked: Every citation so far, in the order of the text.
    """

    def __init__(
        self,
        sources: Sequence[ScoredChunk],
        language: Language = DEFAULT_LANGUAGE,
        second_look: SecondLook | None = None,
    ) -> None:
        self.text = ""
        self.checked: list[Citation] = []
        self._sources = sources
        self._second_look = second_look
        self._source = cache(lambda n: Source(sources[n - 1], language))
        self._doubted: list[tuple[Citation, Doubt]] = []
        self._markers: list[Marker] = []  # of the sentence that is not complete yet
        self._sentence = 0

    @property
    def cited(self) -> list[int]:
        """The numbers of the sources cited so far, in their order."""
        return sorted({citation.n for citation in self.checked})

    async def check(self, pieces: AsyncIterator[str]) -> AsyncGenerator[Delta | Citation]:
        """Yield the text, and each citation when the sentence it stands in is complete.

        One whose words are not its source's comes last, after a second look at what both mean.
        Nothing is changed but white space before the first word, which is left out, so that the
        places of citations hold in a text that is stripped: what came through a filter is what the
        reader gets.
        """
        scanner = Scanner()
        async for piece in pieces:
            if said := self._said(scanner.feed(piece)):
                yield Delta(said)
                for citation in self._complete():
                    yield citation
        if said := self._said(scanner.finish()):
            yield Delta(said)
        for citation in self._complete(ended=True):
            yield citation
        for citation in await self._looked_at_again():
            yield citation

    def _said(self, parts: Sequence[str | Marks]) -> str:
        """Add what comes next to the answer, and return it as it goes out."""
        before = len(self.text)
        for part in parts:
            text = part.text if isinstance(part, Marks) else part
            start = len(self.text)
            self.text += text if self.text else text.lstrip()
            if isinstance(part, Marks):
                named = (n for n in part.numbers if 1 <= n <= len(self._sources))
                self._markers += (Marker(n, start, len(self.text)) for n in named)
        return self.text[before:]

    def _complete(self, *, ended: bool = False) -> Iterator[Citation]:
        """Yield the citations of each sentence that is complete, once, but for doubtful ones."""
        while (end := sentence_end(self.text, self._sentence)) is not None or ended:
            stop = len(self.text) if end is None else end
            inside = [marker for marker in self._markers if marker.start < stop]
            self._markers = self._markers[len(inside) :]
            for stated in statements(self.text, self._sentence, stop, inside):
                for n in stated.sources:
                    supported = self._source(n).supports(stated.text)
                    citation = Citation(n, stated.start, stated.end, supported)
                    if supported or self._source(n).contradicts(stated.text):
                        self.checked.append(citation)
                        yield citation
                    else:
                        doubt = Doubt(stated.text, self._sources[n - 1])
                        self._doubted.append((citation, doubt))
            self._sentence = stop
            if end is None:
                return

    async def _looked_at_again(self) -> list[Citation]:
        late = [citation for citation, _ in self._doubted]
        if late and self._second_look:
            after_all = await self._second_look([doubt for _, doubt in self._doubted])
            late = [
                replace(citation, supported=supported)
                for citation, supported in zip(late, after_all, strict=True)
            ]
        self.checked = sorted([*self.checked, *late], key=lambda each: (each.start, each.n))
        return late
