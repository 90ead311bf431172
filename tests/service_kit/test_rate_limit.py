import pytest
from pydantic import TypeAdapter, ValidationError

from service_kit.rate_limit import Rate, RateLimit, RateLimited


def test_requests_within_the_limit_pass() -> None:
    limit = RateLimit("3/minute")

    for _ in range(3):
        limit.hit("reader")


def test_the_request_after_the_last_allowed_one_is_refused_with_a_wait() -> None:
    limit = RateLimit("3/minute")
    for _ in range(3):
        limit.hit("reader")

    with pytest.raises(RateLimited) as refusal:
        limit.hit("reader")
    assert 1 <= refusal.value.retry_after <= 60


def test_each_key_is_counted_by_itself() -> None:
    limit = RateLimit("1/minute")
    limit.hit("first")
    limit.hit("second")

    with pytest.raises(RateLimited):
        limit.hit("first")


def test_two_limits_do_not_count_each_others_requests() -> None:
    RateLimit("1/minute").hit("reader")
    RateLimit("1/minute").hit("reader")


@pytest.mark.parametrize("value", ["often", "0/minute", "5/minute;100/hour", ""])
def test_what_is_not_one_limit_is_refused(value: str) -> None:
    with pytest.raises(ValidationError, match="is not a limit such as 10/minute"):
        TypeAdapter(Rate).validate_python(value)
