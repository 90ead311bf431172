"""What a process of a service tells of itself: begun once, before anything else is done."""

import asyncio
import atexit
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from service_kit.logdna import FLUSH_SECONDS, LogDna
from service_kit.logs import configure_logs
from service_kit.sentry import Sentry
from service_kit.telemetry_settings import TelemetrySettings
from service_kit.trace_export import Tracing
from service_kit.uncaught import tell_uncaught


@dataclass(frozen=True, slots=True)
class Telemetry:
    """Where it is told, beside the process's own stream.

    Attributes:
        logdna: Takes the log lines; None where it is off.
        sentry: Hears what goes wrong; None where it is off.
    """

    logdna: LogDna | None = None
    sentry: Sentry | None = None

    @asynccontextmanager
    async def flushed(self, tracing: Tracing) -> AsyncIterator[None]:
        """Record spans while the block runs; send what is left of everything when it is left.

        A server ends its process soon after. All of it together may take FLUSH_SECONDS: whoever
        ends the service waits for that, and kills it in the end.

        Args:
            tracing: Who records.
        """
        tracing.open()
        try:
            yield
        finally:
            await asyncio.gather(
                tracing.close(FLUSH_SECONDS),
                *(asyncio.to_thread(told.flush, FLUSH_SECONDS) for told in self._told()),
            )

    def _told(self) -> list[LogDna | Sentry]:
        return [told for told in (self.logdna, self.sentry) if told is not None]


def start_telemetry(service: str, settings: TelemetrySettings) -> Telemetry:
    """Configure the logs of this process, and begin to send what is to be sent elsewhere.

    Args:
        service: Said wherever something is told.
        settings: Where that is.

    Raises:
        BadSettings: SENTRY_DSN is none, or its package is not installed.
    """
    sentry = Sentry(service, settings) if settings.sentry_dsn else None
    key = settings.logdna_ingestion_key
    logdna = LogDna(settings.logdna_url, key.get_secret_value(), app=service) if key else None
    configure_logs(
        service,
        settings.log_format,
        settings.log_level,
        copy=None if logdna is None else logdna.write,
        watch=sentry,
    )
    tell_uncaught()
    if sentry is not None:
        atexit.register(sentry.flush, FLUSH_SECONDS)  # of a process that crashes
    return Telemetry(logdna, sentry)
