"""How callers are let in and how a service stops: settings of both."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, model_validator

from service_kit.settings import ServiceSettings
from service_kit.spans import ShortSpan, between


class ServingSettings(ServiceSettings):
    """How many are let in at once, and what happens between the signal to stop and the end."""

    max_connections: int = Field(
        default=4096,
        ge=1,
        le=60_000,
        description=(
            "Connections each process serves; idle ones make room for others, beyond them callers "
            "are told to try again."
        ),
        validation_alias="MAX_CONNECTIONS",
    )

    shutdown_grace: Annotated[ShortSpan, between("0s", "1h")] = Field(
        default="20s",
        validate_default=True,
        description=(
            "How long after SIGTERM requests under way may take; below what the platform waits, "
            "by ten seconds."
        ),
        validation_alias="SHUTDOWN_GRACE",
    )
    shutdown_notice: Annotated[ShortSpan, between("0s", "1h")] = Field(
        default="1s",
        validate_default=True,
        description=(
            "The part of SHUTDOWN_GRACE for which callers are still let in while /ready says 503, "
            "so that a proxy looks elsewhere first."
        ),
        validation_alias="SHUTDOWN_NOTICE",
    )

    @model_validator(mode="after")
    def _notice_is_a_part(self) -> Self:
        if self.shutdown_notice > self.shutdown_grace:
            raise ValueError("SHUTDOWN_NOTICE is longer than SHUTDOWN_GRACE, of which it is a part")
        return self

    @property
    def shutdown_patience(self) -> timedelta:
        """How long requests may still take once nobody is let in any more."""
        return self.shutdown_grace - self.shutdown_notice
