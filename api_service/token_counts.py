"""Tokens, as OpenAI's models count them (cl100k): the measure of prompts and of texts to embed."""

from functools import cache, lru_cache
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from typing import Protocol, cast


class _Encoding(Protocol):
    def count(self, text: str) -> int: ...

    def encode(self, text: str) -> list[int]: ...

    def decode(self, tokens: list[int]) -> str: ...


class _Bindings(Protocol):
    def tokenizer_for_encoding(self, encoding_name: str) -> _Encoding: ...


def count_tokens(text: str) -> int:
    """Return the number of tokens; the first call reads the vocabulary."""
    try:
        return _encoding().count(text)
    except UnicodeEncodeError:  # half of a surrogate pair, as JSON can hold it
        return _encoding().count(text.encode(errors="replace").decode())


@lru_cache(maxsize=2048)
def passage_tokens(text: str) -> int:
    """Return the same of a text of the book's: those come up again and again, and are kept."""
    return count_tokens(text)


def cut_to_tokens(text: str, most: int) -> str:
    """Return the longest beginning of a text that has no more tokens than allowed."""
    if len(text.encode()) <= most:  # a token is at least one byte
        return text
    encoding = _encoding()
    tokens = encoding.encode(text)[:most]
    while True:
        try:
            return encoding.decode(tokens)
        except ValueError:  # it ends within a character
            tokens.pop()


@cache
def _encoding() -> _Encoding:
    """Read the vocabulary, by the compiled half of bpe-openai alone.

    The other half reads three vocabularies into dictionaries as it is imported, which costs every
    process a second and 60 MB and is for what nobody asks here.

    Raises:
        ImportError: The package is not here, or has no such half any more.
    """
    package = find_spec("bpe_openai")
    spec = package and PathFinder.find_spec("_bindings", package.submodule_search_locations)
    if spec is None or spec.loader is None:
        raise ImportError("bpe-openai is not installed, or not as it was", name="bpe_openai")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return cast("_Bindings", module).tokenizer_for_encoding("cl100k_base")
