"""The figures as a part of the page of benchmarks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from api_service.evaluation.chunks import Findings
from benchmarks import machine
from benchmarks.retrieval.figures import BUDGET, CHUNKS, Cut, Indexed, Searched, percentile
from benchmarks.retrieval.judging import Quality

INTRODUCTION = """\
## Retrieval beside LlamaIndex, LangChain and Haystack

Written by `make bench-retrieval`; compare figures of one run only. Each system ran in a process of
its own, one after the other, in another order for each set. All embed with the same
all-MiniLM-L6-v2 (int8, ONNX Runtime through fastembed), one text at a time. The frameworks are set
up as their documentation shows it for Markdown and Qdrant; the modules in
`benchmarks/retrieval/systems` name the pages. Their Qdrant is qdrant-client's local mode in memory,
as in those pages, ours Qdrant's engine in the process, on disk. A Qdrant server was not measured.

"Default" is a framework as documented: its splitters' defaults and a search by the dense vector
alone. "Hybrid" is what its documentation offers beside that, with fastembed's `Qdrant/bm25`
(its stop words from NLTK's list, since nothing is downloaded): LlamaIndex's `enable_hybrid`,
LangChain's `RetrievalMode.HYBRID` in a collection as LangChain itself makes it, without inverse
document frequency, and Haystack's `QdrantHybridRetriever` with it.
"""

QUALITY = f"""\
A document's place is that of its best chunk among the first {CHUNKS}; whole documents are their own
chunks, and the first ten are asked for. LlamaIndex cuts at 1,024 tokens, LangChain at 1,000
characters with 200 of overlap, Haystack at 200 words, ours at {BUDGET} tokens where it says so: the
sets judge whole documents, and `book-eval retrieval` searches them whole. The encoder reads 256
tokens; what the frameworks hand it beyond them is cut, ours is embedded in pieces.
"""

CUTTING = f"""\
A book of MDX pages on robot learning, cut into chunks of at most {BUDGET} tokens of cl100k where a
splitter can be told (Haystack counts words, 200 by default), and judged by the files as `book-eval
chunks` does. A heading path is right where the headings a chunk is stored with and holds, to its
own, are those above its lines in the file. A line is kept where its words stand in a chunk of the
page. Mchar/s is on one core, from the files to the chunks; ours reads MDX and Markdown by their
grammars in that time, the frameworks look for headings.
"""

SPEED = """\
Chunks a second from documents to the index, with and without the time to embed them (vectors
remembered from the first build), and milliseconds from a question to its ranking, with and without
embedding the question. Memory is the process's peak after its first build and search.
"""

Judged = Sequence[tuple[Searched, Quality]]
"""The ways of a system in one set."""


@dataclass(frozen=True, slots=True)
class InSet:
    """A set and what each system made of it.

    Attributes:
        name: The set's folder.
        documents: In its corpus.
        questions: Asked.
        systems: By the system's name, its ways and their quality, and its figures.
    """

    name: str
    documents: int
    questions: int
    systems: Mapping[str, tuple[Judged, Indexed]]


def setting(versions: Mapping[str, str], minutes: float) -> str:
    """Describe in words what everything ran on."""
    named = ", ".join(f"{package} {version}" for package, version in versions.items())
    return (
        f"The machine: {machine.processors()}; {machine.memory_and_system()}; {named}. "
        f"It took {minutes:.0f} minutes; load when it ended: {machine.load()}.\n"
    )


def qualities(sets: Sequence[InSet]) -> Iterator[str]:
    """Yield the table of how well questions find their documents, a row for each way."""
    names = [
        f"{each.name}, {each.documents} documents, {each.questions} questions: nDCG@10 "
        "| recall@10 | MRR@10"
        for each in sets
    ]
    yield f"| system | way | {' | '.join(names)} |"
    yield f"| --- | --- {'| ---: ' * 3 * len(sets)}|"
    by_way: dict[tuple[str, str], list[str]] = {}
    for each in sets:
        for system, (judged, _) in each.systems.items():
            for searched, quality in judged:
                row = by_way.setdefault((system, searched.way), [])
                row += [f"{quality.ndcg:.4f}", f"{quality.recall:.4f}", f"{quality.mrr:.4f}"]
    for (system, way), cells in by_way.items():
        yield f"| {system} | {way} | {' | '.join(cells)} |"


def cuts(rows: Iterable[tuple[str, Cut, Findings]]) -> Iterator[str]:
    """Yield the table of how a book is cut, a row for each system."""
    yield (
        "| system | chunks | fences whole | tables whole | heading path right | lines kept "
        "| over budget | with import lines | Mchar/s |"
    )
    yield f"| --- {'| ---: ' * 8}|"
    for system, cut, found in rows:
        shares = (found.fences, found.tables, found.headings, found.lines)
        yield (
            f"| {system} | {sum(len(page.pieces) for page in cut.pages)} "
            f"| {' | '.join(f'{share.percent:.2f} %' for share in shares)} "
            f"| {found.over_budget} | {found.debris} | {cut.characters / cut.seconds / 1e6:.2f} |"
        )


def speeds(largest: InSet) -> Iterator[str]:
    """Yield the table of rates, latencies and memory in one set."""
    yield (
        "| system | way | chunks | chunks/s, embedding too | chunks/s "
        "| p50 ms, embedding too | p95 | p50 ms | p95 | peak MiB |"
    )
    yield f"| --- | --- {'| ---: ' * 8}|"
    for system, (judged, figures) in largest.systems.items():
        for place, (searched, _) in enumerate(judged):
            whole = searched.embedding_seconds
            yield (
                f"| {system} | {searched.way} | {searched.chunks} "
                f"| {f'{searched.chunks / whole:.0f}' if whole else ''} "
                f"| {searched.chunks / searched.seconds:.0f} "
                f"| {_times(searched.milliseconds)} | {_times(searched.known_milliseconds)} "
                f"| {f'{figures.peak_mib:.0f}' if place == 0 else ''} |"
            )


def _times(milliseconds: Sequence[float]) -> str:
    return f"{percentile(milliseconds, 50):.2f} | {percentile(milliseconds, 95):.2f}"
