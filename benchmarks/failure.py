"""What ends a benchmark early."""


class BenchmarkFailed(Exception):
    """What was to be measured did not happen; the message is a sentence for whoever asked."""
