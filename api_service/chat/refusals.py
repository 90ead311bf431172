"""What is said instead of an answer, in the question's language where that is easily told."""

from api_service.embedders.bm25 import is_stop_word, words
from api_service.search_settings import DEFAULT_LANGUAGE, Language

NOTHING_FOUND = "The book says nothing about that."
"""What is answered where the book does not cover the question."""

NEAREST_COME = "Nearest to it come:"
"""What the links to the nearest sections begin with."""

_SAID: dict[Language, tuple[str, str]] = {
    DEFAULT_LANGUAGE: (NOTHING_FOUND, NEAREST_COME),
    "german": ("Das Buch sagt dazu nichts.", "Am nächsten kommen:"),
    "french": ("Le livre n'en dit rien.", "S'en rapprochent le plus :"),
    "spanish": ("El libro no dice nada al respecto.", "Lo más cercano es:"),
    "italian": ("Il libro non ne parla.", "I passi più vicini sono:"),
    "portuguese": ("O livro não diz nada sobre isso.", "O mais próximo é:"),
    "dutch": ("Het boek zegt daar niets over.", "Het dichtst in de buurt komen:"),
    "russian": ("В книге об этом ничего нет.", "Ближе всего:"),  # noqa: RUF001 -- Cyrillic
}

_LEAST = 2  # stop words; one may be a word of another language


def refused_in(question: str) -> tuple[str, str]:
    """Return what is said of a question that the book does not cover, and before links.

    A question is in the language that most of its words are stop words of; in English where that
    is not another by far enough, or where the language is none of those known here.
    """
    spoken = [word.casefold() for word in words(question)]
    counts = {language: sum(is_stop_word(word, language) for word in spoken) for language in _SAID}
    best = max(counts, key=lambda language: counts[language])  # English, where it is level
    return _SAID[best if counts[best] >= _LEAST else DEFAULT_LANGUAGE]
