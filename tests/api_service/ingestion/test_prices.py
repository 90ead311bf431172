import pytest

from api_service.ingestion.prices import price_of
from api_service.settings import BookSettings

SMALL = "openai:text-embedding-3-small"


def settings(**values: object) -> BookSettings:
    return BookSettings.model_validate(values)


def test_a_known_model_has_its_list_price_and_its_date() -> None:
    price = price_of(SMALL, settings())
    assert price
    assert price.per_token * 1_000_000 == pytest.approx(0.02)
    assert "January 2024" in price.source


def test_a_price_of_ones_own_goes_before_every_other() -> None:
    for embedder in (SMALL, "openai:other", "local:folder@123/256"):
        price = price_of(embedder, settings(embedding_price=3))
        assert price
        assert price.per_token == pytest.approx(3e-6)
        assert "EMBEDDING_PRICE" in price.source


def test_this_machine_asks_no_price() -> None:
    price = price_of("local:folder@123/256", settings())
    assert price
    assert price.per_token == 0


@pytest.mark.parametrize(
    ("embedder", "base_url"), [(SMALL, "http://localhost:11434/v1"), ("openai:unheard-of", None)]
)
def test_what_is_not_known_is_not_guessed(embedder: str, base_url: str | None) -> None:
    assert price_of(embedder, settings(openai_base_url=base_url)) is None
