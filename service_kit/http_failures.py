"""What httpx raises where no answer comes."""

import httpx

NO_ANSWER = (
    httpx.HTTPError,
    TimeoutError,  # a bound of ours, on the whole
    # anyio's beneath it, of a connection that is reset while it opens, under uvloop.
    AttributeError,
)
