"""What is measured: each system behind the same four questions, in a file of its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from api_service.evaluation.judged_sets import Passage
from benchmarks.retrieval.figures import Page


class System(Protocol):
    """A system in this process, with one index at a time."""

    @property
    def ways(self) -> tuple[str, ...]:
        """How it can be set up, its default first."""
        ...

    def cut(self, folder: Path) -> list[Page]:
        """Read the book in a folder and cut it into chunks."""
        ...

    def build(self, passages: Sequence[Passage], way: str) -> int:
        """Cut and embed documents and store them in an empty index; return how many chunks.

        Vectors it made before are not made again.
        """
        ...

    def search(self, question: str, limit: int) -> list[str]:
        """Return the document's id of each chunk found, best first, at most limit."""
        ...

    def forget(self, texts: Sequence[str]) -> None:
        """Forget the vectors of these texts."""
        ...

    def close(self) -> None:
        """Let go of the index."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """A system that can be measured.

    Attributes:
        name: As the report calls it.
        package: Whose version the report names; None for ours.
        open: Opens it with the folder of the embedding model.
    """

    name: str
    package: str | None
    open: Callable[[Path], System]


def _ours(model: Path) -> System:
    from benchmarks.retrieval.systems.ours import Ours

    return Ours(model)


def _llama_index(model: Path) -> System:
    from benchmarks.retrieval.systems.llama import LlamaIndex

    return LlamaIndex(model)


def _langchain(model: Path) -> System:
    from benchmarks.retrieval.systems.lang_chain import LangChain

    return LangChain(model)


def _haystack(model: Path) -> System:
    from benchmarks.retrieval.systems.hay_stack import Haystack

    return Haystack(model)


SYSTEMS = (
    Entry("ours", None, _ours),
    Entry("LlamaIndex", "llama-index-core", _llama_index),
    Entry("LangChain", "langchain-core", _langchain),
    Entry("Haystack", "haystack-ai", _haystack),
)


def pages_of(folder: Path) -> list[tuple[str, str]]:
    """Return path and text of each page that a framework is given: Markdown, MDX among it."""
    files = sorted(file for file in folder.rglob("*") if file.suffix in {".md", ".mdx"})
    return [
        (file.relative_to(folder).as_posix(), file.read_text(encoding="utf-8")) for file in files
    ]
