import pytest

from api_service.vector_index.prominence import LEAST, NEAREST, prominence


def test_the_best_is_compared_with_the_middle_of_the_nearest() -> None:
    assert prominence([0.6, *[0.2] * (NEAREST - 1), *[-0.9] * 500]) == pytest.approx(0.5)


def test_another_than_the_best_can_be_asked_about() -> None:
    cosines = [0.6, 0.4, *[0.2] * NEAREST]

    assert prominence(cosines, of=0.4) == pytest.approx(0.25)
    assert prominence(cosines, of=0.1) == pytest.approx(-0.125)


def test_embedders_of_another_scale_tell_the_same() -> None:
    cosines = [place / 100 for place in range(60)]
    narrow = [1 - (1 - cosine) / 5 for cosine in cosines]

    assert min(narrow) == 0.8
    assert prominence(narrow) == pytest.approx(prominence(cosines))


@pytest.mark.parametrize("cosines", [[], [0.9] * (LEAST - 1), [1.0] * LEAST])
def test_a_few_passages_or_all_the_same_tell_nothing(cosines: list[float]) -> None:
    assert prominence(cosines) is None
