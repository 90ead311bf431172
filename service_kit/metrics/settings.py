"""The setting that both services have of metrics, each under its own name."""

from typing import Any

from pydantic import AliasChoices, Field


def metrics_port_field(variable: str) -> Any:  # noqa: ANN401 -- as Field itself
    """Return the field of the port, read from the service's variable or else METRICS_PORT."""
    return Field(
        default=None,
        description="Port of /metrics; else METRICS_PORT is read. Neither: nothing is measured.",
        validation_alias=AliasChoices(variable, "METRICS_PORT"),
    )
