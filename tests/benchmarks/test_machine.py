import re

from benchmarks import machine


def test_the_machine_is_described_in_words() -> None:
    assert re.fullmatch(r"\d+ cores \(.+\)", machine.processors())
    assert re.fullmatch(r"\d+ GiB of memory; \w+; Python 3\.\S+", machine.memory_and_system())
    assert float(machine.load()) >= 0
