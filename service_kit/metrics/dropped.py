"""What could not be told elsewhere: it is lost, and the service has not waited for it."""

from service_kit.metrics import Counter

DROPPED = Counter(
    "telemetry_dropped_total",
    "Log lines lost to LogDNA, events lost to Sentry and spans lost to the collector.",
    {"to": ("logdna", "sentry", "collector")},
)
