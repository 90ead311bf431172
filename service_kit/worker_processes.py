"""Several processes that serve one port, and the one that starts and stops them."""

import sys
import time

from uvicorn import Config
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

_LOOK_SECONDS = 0.1


class WorkerProcesses(Multiprocess):
    """uvicorn's, but that nobody is let in while they stop, and that a failed start is told.

    Theirs keeps the port open until the last process has ended: whoever connects meanwhile is
    answered by nobody, and not refused either, so that a proxy does not look elsewhere.
    """

    def terminate_all(self) -> None:
        """Let go of the port, which each process still holds for its notice, and tell them all."""
        for each in self.sockets:
            each.close()
        super().terminate_all()

    def join_all(self) -> None:
        """Wait for their end, and hand on what signals come meanwhile."""
        self.signal_queue.clear()
        while running := [each.process for each in self.processes if each.process.is_alive()]:
            if self.signal_queue:
                self.signal_queue.clear()
                for process in running:
                    process.terminate()
            time.sleep(_LOOK_SECONDS)
        super().join_all()


def serve_by_several(config: Config) -> None:
    """Serve until told to stop; exit with uvicorn's status of a failed start where that is why."""
    workers = WorkerProcesses(config, [config.bind_socket()])
    workers.run()
    if any(each.exitcode == STARTUP_FAILURE for each in workers.processes):
        sys.exit(STARTUP_FAILURE)
