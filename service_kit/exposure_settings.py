"""What of both services is shown, and under which names."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from service_kit.settings import Names, ServiceSettings

_NAME = re.compile(r"(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\]", re.IGNORECASE)


def _hosts(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if not _NAME.fullmatch(value):
            raise ValueError(f"{value!r} is no host such as auth.book.example or *.book.example")
    return values


Hosts = Annotated[Names, AfterValidator(_hosts)]
"""Names of hosts without a port, comma separated; `*.` before one stands for all below it."""


class ExposureSettings(ServiceSettings):
    """What anybody who reaches a service may see of it."""

    allowed_hosts: Hosts = Field(
        default=(),
        description=(
            "Hosts that requests may name, comma separated, such as auth.book.example or "
            "*.book.example. Unset: any."
        ),
        validation_alias="ALLOWED_HOSTS",
    )
    openapi: bool = Field(
        default=False,
        description=(
            "Whether anybody may read the whole contract at /openapi.json: on or off. "
            "Unset: off; `make run` sets it on."
        ),
        validation_alias="OPENAPI",
    )
