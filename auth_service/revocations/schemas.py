"""The feed, as it is told."""

from auth_service.wire import Wire


class EntryBody(Wire):
    """Tokens that count no more.

    Attributes:
        kind: `session`: `value` is what tokens have as their `sid`; `user`: as their `sub`.
        value: The id.
        not_before: Tokens with an earlier `iat`, in seconds since 1970; null: all of them.
        until: No token that this is about lives longer, in seconds since 1970.
    """

    kind: str
    value: str
    not_before: int | None
    until: int


class FeedBody(Wire):
    """A part of the feed.

    Attributes:
        entries: In the order they were committed; of several about one id the last counts.
        last: Said as `after`, brings what follows.
        anew: The feed begins here: what was told before counts no more.
        more: There is more at once.
    """

    entries: list[EntryBody]
    last: str
    anew: bool
    more: bool
