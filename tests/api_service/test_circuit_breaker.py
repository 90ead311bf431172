import asyncio
from contextlib import suppress

import pytest

from api_service.circuit_breaker import (
    FAILURES,
    LONGEST_SECONDS,
    OPEN_SECONDS,
    CircuitBreaker,
)
from api_service.problems import ModelUnavailable


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def call(breaker: CircuitBreaker, error: BaseException | None = None) -> None:
    """Make a call that ends like this."""
    with suppress(asyncio.CancelledError), breaker.call() as answered:
        if error is not None:
            raise error
        answered()


def fail(breaker: CircuitBreaker, times: int = FAILURES) -> None:
    for _ in range(times):
        with pytest.raises(ModelUnavailable):
            call(breaker, ModelUnavailable())


def refused_for(breaker: CircuitBreaker) -> int:
    """Return for how many seconds callers are told to wait; nobody is asked."""
    with pytest.raises(ModelUnavailable) as caught:
        call(breaker, AssertionError("was asked"))
    return int(caught.value.headers["Retry-After"])


def test_after_failures_in_a_row_nobody_is_asked_for_a_while() -> None:
    clock = Clock()
    breaker = CircuitBreaker("model", now=clock)
    fail(breaker)

    assert refused_for(breaker) == OPEN_SECONDS
    clock.seconds += OPEN_SECONDS - 3
    assert refused_for(breaker) == 3


def test_an_answer_between_failures_keeps_it_closed() -> None:
    breaker = CircuitBreaker("model", now=Clock())
    for _ in range(3):
        fail(breaker, FAILURES - 1)
        call(breaker)


def test_a_timeout_is_a_failure() -> None:
    breaker = CircuitBreaker("model", now=Clock())
    for _ in range(FAILURES):
        with pytest.raises(TimeoutError):
            call(breaker, TimeoutError())

    assert refused_for(breaker)


def test_a_request_that_is_refused_for_itself_is_a_sign_of_life() -> None:
    breaker = CircuitBreaker("model", now=Clock())
    for _ in range(3):
        fail(breaker, FAILURES - 1)
        with pytest.raises(ModelUnavailable):
            call(breaker, ModelUnavailable(of_the_request=True))


def test_readers_who_leave_count_as_nothing() -> None:
    breaker = CircuitBreaker("model", now=Clock())
    for _ in range(FAILURES + 1):
        call(breaker, asyncio.CancelledError())
    fail(breaker, FAILURES - 1)
    call(breaker)


def test_the_first_call_after_a_while_decides_for_all() -> None:
    clock = Clock()
    breaker = CircuitBreaker("model", now=clock)
    fail(breaker)
    clock.seconds += OPEN_SECONDS
    with breaker.call() as answered:
        assert refused_for(breaker) == 1
        answered()
        call(breaker)  # as soon as there is a word, and not at the end alone


def test_each_trial_that_fails_doubles_the_while_up_to_a_minute() -> None:
    clock = Clock()
    breaker = CircuitBreaker("model", now=clock)
    fail(breaker)
    waits = []
    for _ in range(4):
        waits.append(refused_for(breaker))
        clock.seconds += waits[-1]
        fail(breaker, 1)

    assert waits == [10, 20, 40, 60]
    assert refused_for(breaker) == LONGEST_SECONDS
    clock.seconds += LONGEST_SECONDS
    call(breaker)
    fail(breaker)
    assert refused_for(breaker) == OPEN_SECONDS


def test_a_trial_given_up_by_its_reader_leaves_it_to_the_next() -> None:
    clock = Clock()
    breaker = CircuitBreaker("model", now=clock)
    fail(breaker)
    clock.seconds += OPEN_SECONDS
    call(breaker, asyncio.CancelledError())
    call(breaker)
    call(breaker)


def test_failures_under_way_when_it_opened_do_not_keep_it_open_longer() -> None:
    clock = Clock()
    breaker = CircuitBreaker("model", now=clock)
    with suppress(ModelUnavailable), breaker.call():
        fail(breaker)
        clock.seconds += OPEN_SECONDS - 1
        raise ModelUnavailable

    assert refused_for(breaker) == 1
