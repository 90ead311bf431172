import json

import pytest

from api_service.chat.refusals import NEAREST_COME, NOTHING_FOUND, refused_in
from tests.api_service.models import RETRIEVAL, needs_sets


@pytest.mark.parametrize(
    ("question", "beginning"),
    [
        ("Was ist die Hauptstadt von Australien?", "Das Buch"),
        ("Wie koche ich einen Tee, der nicht bitter ist?", "Das Buch"),
        ("Quelle est la capitale de l'Australie ?", "Le livre"),
        ("Comment est-ce que je prépare un thé avec du lait ?", "Le livre"),
        ("¿Cuál es la capital de Australia y por qué?", "El libro"),
        ("Qual è la capitale della Svizzera e perché?", "Il libro"),
        ("Qual é a capital da Austrália e por que não é Sydney?", "O livro"),
        ("Wat is de hoofdstad van het land?", "Het boek"),
        ("Что это и как он был построен?", "В книге"),  # noqa: RUF001 -- Cyrillic, on purpose
        ("What is the capital of Australia?", NOTHING_FOUND),
        ("capital Australia", NOTHING_FOUND),
        ("澳大利亚的首都是哪里？", NOTHING_FOUND),  # noqa: RUF001 -- as it is written
        ("", NOTHING_FOUND),
    ],
)
def test_a_refusal_is_in_the_questions_language(question: str, beginning: str) -> None:
    assert refused_in(question)[0].startswith(beginning)


def test_links_are_led_to_in_the_same_language() -> None:
    assert refused_in("Was ist das?")[1] == "Am nächsten kommen:"
    assert refused_in("What is that?")[1] == NEAREST_COME


@needs_sets
@pytest.mark.parametrize("name", ["scifact", "xquad-en", "mtrag-un-general"])
def test_no_english_question_is_taken_for_another_language(name: str) -> None:
    lines = (RETRIEVAL / name / "queries.jsonl").read_text("utf-8").splitlines()
    asked = [json.loads(line)["text"] for line in lines]

    assert [each for each in asked if refused_in(each)[0] != NOTHING_FOUND] == []
