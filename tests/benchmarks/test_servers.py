import os
import time

from benchmarks.servers import Server


def test_a_servers_processor_time_and_memory_are_read_from_the_system() -> None:
    server = Server("this", "http://127.0.0.1:1", os.getpid())
    before, deadline = server.cpu_seconds(), time.process_time() + 0.2
    while time.process_time() < deadline:
        pass
    assert 0.1 < server.cpu_seconds() - before < 2
    assert server.resident_megabytes() > 5
