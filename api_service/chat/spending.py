"""What an answer takes in tokens: at most, before it is asked for, and in fact, once it ends."""

from dataclasses import dataclass, field

from api_service.chat.events import Delta, Done, Event, Meta, Sources
from api_service.chat.finding import leant_on
from api_service.chat.history import recent
from api_service.chat.prompt import BUDGET, FOLLOW_UP_BUDGET, PromptFile, fill, fill_follow_up
from api_service.chat.question import Question
from api_service.llms import ANSWER_TOKENS, Usage
from api_service.problems import ModelUnavailable, Problem
from api_service.search_settings import Language
from api_service.token_counts import count_tokens

NOTHING = Usage(0, 0)


def most_tokens(question: Question) -> int:
    """Return how many tokens an answer takes at most: the prompt's, and the longest answer's.

    Counted as cl100k does; a model of another vocabulary may take more, and is then counted so
    when it has said it. A question's embedding is not counted: it costs a hundredth of an answer.
    """
    # The prompt leaves room for sources as far as the question does; the first is always in it.
    answer = BUDGET + len(question.message.encode()) + ANSWER_TOKENS
    # A follow-up may first be put so that it stands alone.
    again = FOLLOW_UP_BUDGET + len(question.message.encode()) + ANSWER_TOKENS
    return answer + (again if question.history else 0)


@dataclass(slots=True)
class Spending:
    """What one answer has taken so far, as its events tell it.

    Attributes:
        model: Who answers.
    """

    question: Question
    prompt_file: PromptFile
    language: Language
    model: str
    _sources: Sources | None = None
    _done: Done | None = None
    _words: list[str] = field(default_factory=list)

    def note(self, event: Event) -> None:
        """Take an event into account."""
        if isinstance(event, Meta):
            self.model = event.model
        elif isinstance(event, Sources):
            self._sources = event
        elif isinstance(event, Delta):
            self._words.append(event.text)
        elif isinstance(event, Done):
            self._done = event

    def usage(self, failure: BaseException | None = None) -> Usage:
        """Return the tokens taken: the vendor's own count, or else ours.

        Args:
            failure: What ended the answer early, if anything did. A reader's leaving does not make
                it free: the model was asked. A model that did not answer has taken nothing.
        """
        done = self._done
        if done is not None and (done.usage is not None or done.unasked):
            return done.usage or NOTHING
        if isinstance(failure, ModelUnavailable) and not self._words:
            return NOTHING
        if self._sources is None:
            return NOTHING if isinstance(failure, Problem) else self._before()
        prompt = fill(self.prompt_file, self.question, self._sources.considered)
        asked = count_tokens(prompt.instructions) + count_tokens(prompt.question)
        return self._before() + Usage(asked, count_tokens("".join(self._words)))

    def _before(self) -> Usage:
        """Return what it took to have the question put so that it stands alone."""
        message = self.question.message
        history = leant_on(message, recent(self.question.history), self.language)
        if not history:
            return NOTHING
        asked = count_tokens(fill_follow_up(self.prompt_file, history))
        return Usage(asked, count_tokens(message))
