"""The figures as a part of a page of Markdown."""

from collections.abc import Iterator, Sequence

from benchmarks import machine as machines
from benchmarks.soak.load import Rates
from benchmarks.soak.verdict import GROWN, SLOWER, Soak, resident

_RATES = Rates()

INTRODUCTION = f"""\
## Minutes of a steady load

Written by `make soak`. k6 begins {_RATES.sign_ins} sign-ins, {_RATES.sessions} reads of a session,
{_RATES.answers} answers and {_RATES.streams} streamed answers a second, whatever the replies take.
One process each of auth-service and api-service run as they come, on PostgreSQL, the embedded index
and the example book, with metrics on and collected every 15 seconds. Limits are counted and out of
reach. A server that speaks OpenAI's API answers without delay; no two questions are the same
text, and no answer is kept. Readers, vendor, database and services share the machine.

Minute 0 warms up and is left out of what is compared: were it the first, later minutes could be
slow for long before they were too slow. So the first minute is minute 1; memory at minute two is
that at its end, 120 seconds after the first request, and memory in the table that at each minute's.
A reply counts where its status and its body are as they should be: the reader's own session, an
answer with sources, a stream that reaches its `done`.
"""


def machine() -> str:
    """Describe in words what everything ran on."""
    return (
        f"The machine: {machines.processors()}; {machines.memory_and_system()}. "
        f"Load when it began: {machines.load()}.\n"
    )


def minutes(soak: Soak) -> Iterator[str]:
    """Yield the table of minutes."""
    kinds = list(soak.load.minutes)
    heads = [f"{_name(kind)} p50 ms | p99 ms" for kind in kinds]
    heads += [f"{service} MiB" for service in soak.memory]
    yield f"| minute | {' | '.join(heads)} |"
    yield f"|{' ---: |' * (1 + 2 * len(kinds) + len(soak.memory))}"
    for number, row in enumerate(zip(*soak.load.minutes.values(), strict=True)):
        cells = [f"{minute.p50:.1f} | {minute.p99:.1f}" for minute in row]
        cells += [f"{each:.1f}" for each in _memory(soak, number)]
        yield f"| {number} | {' | '.join(cells)} |"


def requests(soak: Soak) -> Iterator[str]:
    """Yield the table of what was asked in all."""
    yield (
        "| request | asked | not as it should be | slowest ms "
        f"| worst p99 to the first minute's, at most {SLOWER:.0f} |"
    )
    yield f"| --- |{' ---: |' * 4}"
    for kind, each in soak.load.minutes.items():
        failed = sum(request.scenario == kind for request in soak.load.failed)
        slowest = max(minute.slowest for minute in each)
        yield (
            f"| {_name(kind)} | {sum(minute.count for minute in each)} | {failed} "
            f"| {slowest:.0f} | {soak.slowdown(kind):.2f} |"
        )


def processes(soak: Soak) -> Iterator[str]:
    """Yield the table of what the services took."""
    yield f"| service | cores | MiB at the end to those at minute two, at most {GROWN:.2f} |"
    yield "| --- | ---: | ---: |"
    for service in soak.memory:
        yield f"| {service} | {soak.cores[service]:.2f} | {soak.growth(service):.3f} |"


def verdict(bounds_missed: Sequence[str]) -> str:
    """Say what was missed, or that nothing was."""
    if not bounds_missed:
        return "Every bound was kept.\n"
    return "\n".join(["Missed:\n", *(f"- {each}" for each in bounds_missed)]) + "\n"


def _memory(soak: Soak, minute: int) -> Iterator[float]:
    for samples in soak.memory.values():
        yield resident(samples, min((minute + 1) * 60.0, samples[-1].seconds))


def _name(kind: str) -> str:
    return kind.replace("_", "-")
