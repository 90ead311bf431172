"""How connections are served: what uvicorn's protocol is told besides."""

from service_kit.head_limit import HeadLimitProtocol
from service_kit.stopping import is_stopping


class ServingProtocol(HeadLimitProtocol):
    """uvicorn's protocol with our limits; once the service stops, a reply ends its connection.

    A proxy keeps connections for later, and would send its next request on one that is just being
    closed.
    """

    def on_headers_complete(self) -> None:
        """Start the request, as the last of its connection where the service stops."""
        super().on_headers_complete()
        if is_stopping(self.app_state):
            self.cycle.keep_alive = False
