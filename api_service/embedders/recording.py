"""The span of having texts embedded, by OpenTelemetry's conventions; without the texts.

https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/#embeddings
"""

from contextlib import AbstractContextManager

from opentelemetry.trace import Span

from api_service.settings import vendor_and_model
from service_kit.traces import span


def embedding_span(name: str, dimensions: int) -> AbstractContextManager[Span]:
    """Return the span of having an embedder work.

    Args:
        name: Its "vendor:model".
        dimensions: The length of its vectors.
    """
    vendor, model = vendor_and_model(name)
    return span(
        f"embeddings {model}",
        {
            "gen_ai.operation.name": "embeddings",
            "gen_ai.provider.name": vendor,
            "gen_ai.request.model": model,
            "gen_ai.embeddings.dimension.count": dimensions,
        },
        client=True,
    )
