from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

from api_service.chat.prompt import fill, read_prompt_file
from api_service.chat.question import Question
from api_service.chat.safe_output import safe
from tests.api_service.chat.attacks.corpus import corpus
from tests.api_service.chat.attacks.judging import BOOK, success
from tests.api_service.chat.attacks.running import HONEST, expanded, outcomes


def test_without_a_guard_every_attack_would_succeed_and_an_honest_answer_is_none() -> None:
    file = read_prompt_file()
    rules = file.rules.replace("$canary", file.canary)
    for attack in corpus():
        said = expanded(attack.obeyed, rules, file.canary)
        judged = [
            bool(success(attack, each, rules=rules, canary=file.canary, known=8))
            for each in (said, HONEST)
        ]
        assert judged == [True, False], attack


async def test_what_a_model_says_that_obeys_is_harmless_by_the_way_out_alone() -> None:
    file = read_prompt_file()
    for attack in corpus():
        told = expanded(attack.obeyed, fill(file, Question("?"), ()).instructions, file.canary)

        async def words(said: str = told) -> AsyncIterator[str]:
            for piece in said:
                yield piece

        checked = safe(words(), prompt_file=file, sources=(), book_url=BOOK)
        answer = "".join([piece async for piece in checked])
        # Which words an answer may have is not this guard's matter, nor whether a source exists.
        unsaid = replace(attack, says="")
        found = success(unsaid, answer, rules=file.rules, canary=file.canary, known=99)
        assert found == [], attack


def test_there_are_attacks_by_every_way() -> None:
    ways = Counter(each.way for each in corpus())

    assert ways.total() >= 232
    assert min(ways[way] for way in ("message", "chapter", "history", "selection", "profile")) >= 6


async def test_no_attack_succeeds_on_a_model_that_obeys(tmp_path: Path) -> None:
    made = await outcomes(corpus(), tmp_path)

    assert {each.attack.name: each.success for each in made if each.success} == {}
    # Every guard is needed: none of these is empty because nothing came so far.
    assert sum(not each.asked for each in made) >= 111
    assert sum(each.asked and not each.told for each in made) >= 71
    assert sum(each.told for each in made) >= 49


async def test_an_order_in_one_chapter_does_not_keep_the_book_from_answering(
    tmp_path: Path,
) -> None:
    made = await outcomes([each for each in corpus() if each.way == "chapter"], tmp_path)

    assert {each.answer for each in made if not each.told} == {HONEST}
