"""The wire of `/v1/chat`, and what the other voices say in the same words."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api_service.chat import events, question
from api_service.chat.events import Done
from api_service.documents import Chunk, ScoredChunk
from api_service.identity.caller import Caller
from api_service.llms import Mode
from api_service.prose import excerpt
from api_service.vector_index import Retrieval
from api_service.wire import Message, PageUrl, SelectedText, TurnText

SNIPPET_LENGTH = 240
"""Longest snippet of a source, in characters."""

HISTORY_TURNS = 40
"""Most earlier turns of a conversation."""


class Turn(BaseModel):
    """Something said before in the same conversation."""

    model_config = ConfigDict(extra="forbid")

    role: Literal["user", "assistant"]
    content: TurnText


class Marked(BaseModel):
    """What the reader has before them, in every voice but OpenAI's."""

    selected_text: SelectedText = Field(default="", description="A passage marked and asked about.")
    page_url: PageUrl = Field(default="", description="Address or path of the page that is open.")


class Question(Marked):
    """What the reader asks; other members are refused, so that a misspelt one is noticed."""

    model_config = ConfigDict(extra="forbid")

    message: Message
    history: list[Turn] = Field(
        default=[], max_length=HISTORY_TURNS, description="What was said before, oldest first."
    )
    considered: bool = Field(
        default=False, description="Whether the reply lists all sources the answer had."
    )


class Source(BaseModel):
    """A passage the answer cites; the link to it is url#anchor, or url where anchor is ""."""

    n: int = Field(description="The number it is cited with: [n].")
    title: str
    heading_path: tuple[str, ...]
    url: str
    anchor: str
    snippet: str
    score: float


class Citation(BaseModel):
    """A statement of the answer and the source it cites."""

    n: int
    start: int = Field(description="Where the statement begins, in characters (code points).")
    end: int = Field(description="Where it ends, its marker included.")
    supported: bool = Field(description="Whether the source says so, as far as can be checked.")


class Usage(BaseModel):
    """What the answer took, in the model's own tokens."""

    input_tokens: int
    output_tokens: int


class Timings(BaseModel):
    """How long it took, in milliseconds from the question."""

    retrieval_ms: float
    first_token_ms: float | None = Field(description="null where no model was asked.")
    total_ms: float


class Account(BaseModel):
    """What is told of an answer beside its words."""

    sources: list[Source] = Field(
        description="Those cited; where the answer is a refusal, the sections that come nearest."
    )
    processing_time_ms: int
    mode: Mode
    retrieval: Retrieval
    reranked: bool = Field(description="Whether a reranker has put the sources in their order.")
    refused: bool = Field(description="Whether the book does not cover the question.")
    model: str
    usage: Usage | None = Field(description="null where no model was asked, or it did not say.")
    timings: Timings
    citations: list[Citation]
    request_id: str


class Words(BaseModel):
    """The answer itself."""

    response: str = Field(description="With markers [n], each of which names a source.")


class Reply(Account, Words):
    """The answer, with the sources it cites; the words come first."""

    considered: list[Source] | None = Field(
        default=None, description="All it was written from, where that was asked for."
    )


def turns(history: list[Turn]) -> tuple[question.Turn, ...]:
    """Return what was said before, but for turns without a word."""
    return tuple(question.Turn(each.role, each.content) for each in history if each.content)


def reader(caller: Caller) -> question.Reader:
    """Return what the caller's token tells of them."""
    return question.Reader(
        software_background=caller.software_background,
        hardware_background=caller.hardware_background,
        interest_area=caller.interest_area,
    )


def link(chunk: Chunk) -> str:
    """Return the address of a chunk's very heading."""
    return f"{chunk.url}#{chunk.anchor}" if chunk.anchor else chunk.url


def source(n: int, scored: ScoredChunk) -> Source:
    """Return the wire form of a source cited as [n]."""
    chunk = scored.chunk
    return Source(
        n=n,
        title=chunk.title,
        heading_path=chunk.heading_path,
        url=chunk.url,
        anchor=chunk.anchor,
        snippet=excerpt(chunk.text, SNIPPET_LENGTH),
        score=scored.score,
    )


def numbered(considered: tuple[ScoredChunk, ...]) -> list[Source]:
    """Return the wire form of all sources of an answer."""
    return [source(n, scored) for n, scored in enumerate(considered, start=1)]


def citation(cited: events.Citation) -> Citation:
    """Return the wire form of a citation."""
    return Citation(n=cited.n, start=cited.start, end=cited.end, supported=cited.supported)


def account(done: Done, request_id: str) -> Account:
    """Return the wire form of what is told of a whole answer."""
    timings, usage = done.timings, done.usage
    return Account(
        sources=[source(n, scored) for n, scored in done.sources],
        processing_time_ms=round(timings.total),
        mode=done.mode,
        retrieval=done.retrieval,
        reranked=done.reranked,
        refused=done.refused,
        model=done.model,
        usage=usage and Usage(input_tokens=usage.input_tokens, output_tokens=usage.output_tokens),
        timings=Timings(
            retrieval_ms=round(timings.retrieval, 1),
            first_token_ms=None if timings.first_token is None else round(timings.first_token, 1),
            total_ms=round(timings.total, 1),
        ),
        citations=[citation(each) for each in done.citations],
        request_id=request_id,
    )
