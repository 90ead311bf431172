"""Processes that end with this one, however it ends."""

import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

# The shell becomes the program and leaves a reader of our pipe behind. The pipe ends with us, even
# by SIGKILL; a line in it says that the program is gone already. Linux' own PR_SET_PDEATHSIG would
# be bound to the thread that started the program, not to the process.
_BOUND = 'exec 3<&0 </dev/null; { read -r _ <&3 || kill -%d $$; } & exec "$@" 3<&-'


def bound_to_us(command: Sequence[str | Path], stop: signal.Signals) -> list[str | Path]:
    """Return the command that runs command and sends it stop when our end of its stdin closes.

    It is to be started with stdin=subprocess.PIPE, and left through `stopped_at_the_end`.
    """
    return ["/bin/sh", "-c", _BOUND % stop, "sh", *command]


@contextmanager
def stopped_at_the_end(
    process: subprocess.Popen[bytes], stop: signal.Signals, seconds: float
) -> Iterator[None]:
    """Stop a process started from `bound_to_us` when the block is left; by force after seconds."""
    with process:
        try:
            yield
        finally:
            if process.poll() is None:
                process.send_signal(stop)
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            with suppress(BrokenPipeError):
                process.communicate(b"\n")
