from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from auth_service.migrate import migrate
from benchmarks.auth.revocations import ENDINGS, Ending, check_cost, seconds_to_refusal
from benchmarks.auth.servers import answers, ours
from benchmarks.servers import Server
from standalone.postgres import running_postgres


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str, list[Server]]]:
    folder = tmp_path_factory.mktemp("measured")
    with ExitStack() as stack:
        postgres = stack.enter_context(running_postgres(folder / "postgres", durable=False))
        migrate(postgres.url)
        auth = stack.enter_context(ours(postgres.url))
        replicas = [stack.enter_context(answers(auth, folder / name)) for name in "ab"]
        yield auth, postgres.url, replicas


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: ending.name)
def test_every_way_a_token_ends_is_measured_and_takes_less_than_two_seconds(
    servers: tuple[Server, str, list[Server]], ending: Ending
) -> None:
    auth, database, replicas = servers

    (seconds,) = seconds_to_refusal(auth, database, replicas, ending, 1)

    assert 0 < seconds < 2


def test_the_check_costs_less_than_five_microseconds_and_less_than_verifying() -> None:
    checked = check_cost(10_000)

    assert checked.entries == 10_000
    assert 0 < checked.check < min(5, checked.verify)
