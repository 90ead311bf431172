"""The last thing an answer passes: what may not leave does not, whatever a model was told.

No link but to the book, no image, no HTML, nothing invisible; nothing of what we tell the model.
It reads words as they come, so every voice says the same.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence

import structlog

from api_service.chat.prompt import PromptFile
from api_service.chat.safe_output.addresses import Addresses, origin
from api_service.chat.safe_output.leaks import Leaks
from api_service.chat.safe_output.markup import Markup
from api_service.documents import ScoredChunk

log = structlog.get_logger(__name__)

NOT_TOLD = "I answer questions about the book, and nothing else."
"""What is said instead of going on."""


async def safe(
    pieces: AsyncIterator[str],
    *,
    prompt_file: PromptFile,
    sources: Sequence[ScoredChunk],
    book_url: str,
) -> AsyncGenerator[str]:
    """Yield an answer's words without what may not leave, each as soon as it is certain.

    Where the model says what it was told, the answer ends there, with NOT_TOLD.

    Args:
        pieces: The words; the rest of them is not read where the answer ends.
        prompt_file: What the model was told.
        sources: What it was given besides; their pages are the book's, as is book_url.
        book_url: Where the book is read.
    """
    markup = _markup(sources, book_url)
    leaks = Leaks(prompt_file.rules, prompt_file.canary)
    async for piece in pieces:
        if said := leaks.feed(markup.feed(piece)):
            yield said
        if leaks.found:
            break
    else:
        if said := leaks.feed(markup.finish()) + leaks.finish():
            yield said
    if leaks.found:
        log.warning("instructions_kept", prompt=prompt_file.fingerprint)
        yield NOT_TOLD


def harmless(text: str, *, sources: Sequence[ScoredChunk], book_url: str) -> str:
    """Return words of our own that quote the book's, such as its headings, as `safe` has them."""
    markup = _markup(sources, book_url)
    return markup.feed(text) + markup.finish()


def _markup(sources: Sequence[ScoredChunk], book_url: str) -> Markup:
    text = "\n".join(each.passage for each in sources)
    own = {origin(book_url), *(origin(each.chunk.url) for each in sources)}
    return Markup(Addresses(own, lambda address: address in text))
