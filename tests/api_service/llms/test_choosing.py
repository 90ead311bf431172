from pathlib import Path

import pytest

from api_service.llms import VENDORS, choose
from service_kit.settings import BadSettings
from tests.api_service.scripted_openai import ScriptedOpenAI
from tests.api_service.service import make_settings

OPENAI = ScriptedOpenAI(base_url="http://127.0.0.1:1/v1")


@pytest.mark.parametrize(
    ("name", "chosen", "mode"),
    [
        ("gpt-4o-mini", "openai:gpt-4o-mini", "generated"),
        ("openai:gpt-4o", "openai:gpt-4o", "generated"),
        ("openai:ft:gpt-4o:book", "openai:ft:gpt-4o:book", "generated"),
        ("extractive:sentences", "extractive:sentences", "extractive"),
    ],
)
async def test_a_model_is_chosen_by_vendor_and_name(name: str, chosen: str, mode: str) -> None:
    model = choose(make_settings(Path(), openai=OPENAI, llm_model=name))

    assert (model.name, model.mode) == (chosen, mode)
    await model.close()


async def test_without_a_key_the_book_answers_itself() -> None:
    assert choose(make_settings(Path())).mode == "extractive"


async def test_of_several_the_first_gives_its_name(tmp_path: Path) -> None:
    model = choose(make_settings(tmp_path, openai=OPENAI, llm_model="gpt-4o,gpt-4o-mini"))

    assert model.name == "openai:gpt-4o"
    await model.close()


async def test_the_book_answers_last_where_it_is_asked_to(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, openai=OPENAI)
    model = choose(settings, fallback="extractive")

    assert model.mode == "generated"
    await model.check()  # though nobody listens
    await model.close()


async def test_without_a_key_and_a_fallback_the_book_answers_first(tmp_path: Path) -> None:
    model = choose(make_settings(tmp_path, llm_model="gpt-4o,gpt-4o-mini"), fallback="extractive")

    assert model.mode == "extractive"
    await model.close()


def test_an_unknown_vendor_is_refused_with_those_known() -> None:
    with pytest.raises(BadSettings, match=r"LLM_MODEL .*'acme'.*openai, extractive"):
        choose(make_settings(Path(), openai=OPENAI, llm_model="acme:model"))


@pytest.mark.parametrize("vendor", [name for name, _ in VENDORS])
async def test_every_vendor_listed_can_be_chosen(vendor: str) -> None:
    model = choose(make_settings(Path(), openai=OPENAI, llm_model=f"{vendor}:some"))

    assert model.name.startswith(f"{vendor}:")
    await model.close()
