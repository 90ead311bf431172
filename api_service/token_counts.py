"""Tokens, as OpenAI's models count them (cl100k): the measure of prompts and of texts to embed."""

import warnings
from functools import cache, lru_cache
from typing import Protocol


class _Encoding(Protocol):
    def encode_ordinary(self, text: str) -> list[int]: ...

    def decode(self, tokens: list[int]) -> str: ...


def count_tokens(text: str) -> int:
    """Return the number of tokens; the first call reads the vocabulary, for half a second."""
    return len(_encoding().encode_ordinary(text))


@lru_cache(maxsize=2048)
def passage_tokens(text: str) -> int:
    """Return the same of a text of the book's: those come up again and again, and are kept."""
    return count_tokens(text)


def cut_to_tokens(text: str, most: int) -> str:
    """Return the longest beginning of a text that has no more tokens than allowed."""
    if len(text.encode()) <= most:  # a token is at least one byte
        return text
    encoding = _encoding()
    return encoding.decode(encoding.encode_ordinary(text)[:most])


@cache
def _encoding() -> _Encoding:
    with warnings.catch_warnings():
        # It reads its files by a function that Python 3.11 and 3.12 call deprecated, and 3.13 not.
        warnings.simplefilter("ignore", DeprecationWarning)
        import bpe_openai

        encoding: _Encoding = bpe_openai.get_encoding("cl100k_base")
    return encoding
