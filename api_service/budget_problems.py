"""What is refused because of what answers may cost; the tree of all problems is in `problems`."""

from api_service.problems import Problem, Unavailable


class TooManyAnswers(Problem):
    """As many of the caller's answers as may be are under way."""

    status = 429
    kind = "/problems/too-many-answers"
    title = "Too Many Answers At Once"

    def __init__(self, limit: int, *, retry_after: int) -> None:
        super().__init__(
            f"No more than {limit} of your answers may be under way at once; wait for one to end.",
            headers={"Retry-After": str(retry_after)},
        )


class TokensUsedUp(Problem):
    """The tokens the caller's answers may take in a day do not suffice for another.

    Args:
        retry_after: Seconds until they may.
        of_key: Whether it is the API key that has no more, not its owner.
    """

    status = 429
    kind = "/problems/tokens-used-up"
    title = "Tokens Used Up"

    def __init__(self, *, retry_after: int, of_key: bool = False) -> None:
        whose = "The API key's" if of_key else "Your"
        super().__init__(
            f"{whose} tokens for today do not suffice for another answer; "
            f"try again in {retry_after} s.",
            headers={"Retry-After": str(retry_after)},
        )


class MonthUsedUp(Unavailable):
    """The tokens all answers together may take in a month do not suffice for another.

    Args:
        retry_after: Seconds until they may.
    """

    kind = "/problems/month-used-up"
    title = "Month Used Up"

    def __init__(self, *, retry_after: int) -> None:
        super().__init__(
            "The answers of this month have taken all the tokens there are for them; "
            f"try again in {retry_after} s.",
            retry_after=retry_after,
        )


class TooBusy(Unavailable):
    """As many answers as may be, everybody's together, are under way.

    Args:
        retry_after: Seconds after which a place may be free.
    """

    kind = "/problems/too-busy"
    title = "Too Busy"

    def __init__(self, *, retry_after: int) -> None:
        super().__init__(
            "As many questions as may be are being answered; try again in a moment.",
            retry_after=retry_after,
        )
