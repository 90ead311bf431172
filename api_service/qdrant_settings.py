"""Which Qdrant server keeps the index, and how it keeps it."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from service_kit.settings import ServiceSettings, is_web_address


def _web_address(value: str) -> str:
    if not is_web_address(value):
        raise ValueError("is no address such as https://host.example or http://localhost:6333")
    return value.rstrip("/")


WebAddress = Annotated[str, AfterValidator(_web_address)]
"""An http or https address, without a slash at its end."""

Quantization = Literal["none", "scalar", "binary"]
"""How vectors are compared first: as they are, in 8 bits a number, or in 1."""


class QdrantSettings(ServiceSettings):
    """A Qdrant server, and what its collection is made with.

    All but the address and the key have Qdrant's own defaults. What a collection is made with
    counts from the next ingestion on, which makes a new one; what searches are sent with, at once.
    """

    qdrant_url: WebAddress | None = Field(
        default=None,
        description="Address of a Qdrant server; unset, Qdrant's engine runs in this process.",
        validation_alias="QDRANT_URL",
    )
    qdrant_api_key: SecretStr | None = Field(
        default=None,
        description="Key of the Qdrant server, as Qdrant Cloud hands it out.",
        validation_alias="QDRANT_API_KEY",
    )
    qdrant_read_only_api_key: SecretStr | None = Field(
        default=None,
        description="Key that answers search with; unset, QDRANT_API_KEY, as ingestions always do.",
        validation_alias="QDRANT_READ_ONLY_API_KEY",
    )
    qdrant_collection: str = Field(
        default="textbook_chunks",
        pattern=r"^[A-Za-z0-9_-]{1,100}$",
        description=(
            "Name of the alias that readers ask; collections are named after it: at most 100 "
            "letters, digits, dashes and underscores."
        ),
        validation_alias="QDRANT_COLLECTION",
    )
    qdrant_shard_number: int | None = Field(
        default=None,
        ge=1,
        le=1024,
        description="Parts a collection is cut into, spread over a cluster's nodes.",
        validation_alias="QDRANT_SHARD_NUMBER",
    )
    qdrant_replication_factor: int | None = Field(
        default=None,
        ge=1,
        le=64,
        description="Copies of each part on different nodes; with 2, one node may fail.",
        validation_alias="QDRANT_REPLICATION_FACTOR",
    )
    qdrant_write_consistency: int | None = Field(
        default=None,
        ge=1,
        le=64,
        description="Copies that must have a write before it counts; at most the copies there are.",
        validation_alias="QDRANT_WRITE_CONSISTENCY",
    )
    qdrant_quantization: Quantization = Field(
        default="none",
        description=(
            "Smaller vectors kept in memory for a first choice: scalar takes a quarter of the "
            "memory, binary a 32nd. The best are scored again by the vectors themselves."
        ),
        validation_alias="QDRANT_QUANTIZATION",
    )
    qdrant_oversampling: float | None = Field(
        default=None,
        ge=1,
        le=100,
        description="How many times as many are chosen by quantized vectors as are needed.",
        validation_alias="QDRANT_OVERSAMPLING",
    )
    qdrant_vectors_on_disk: bool = Field(
        default=False,
        description="Whether vectors of meaning are read from disk rather than kept in memory.",
        validation_alias="QDRANT_VECTORS_ON_DISK",
    )
    qdrant_payload_on_disk: bool | None = Field(
        default=None,
        description="Whether texts are read from disk rather than kept in memory.",
        validation_alias="QDRANT_PAYLOAD_ON_DISK",
    )
    qdrant_hnsw_m: int | None = Field(
        default=None,
        ge=2,
        le=512,
        description="Neighbours of each vector in the graph: more find better and take more room.",
        validation_alias="QDRANT_HNSW_M",
    )
    qdrant_hnsw_ef_construct: int | None = Field(
        default=None,
        ge=4,
        le=4096,
        description="Candidates looked at as the graph is built: more find better, built slower.",
        validation_alias="QDRANT_HNSW_EF_CONSTRUCT",
    )
    qdrant_hnsw_ef: int | None = Field(
        default=None,
        ge=1,
        le=4096,
        description="Candidates looked at in a search: more find better, and slower.",
        validation_alias="QDRANT_HNSW_EF",
    )

    @model_validator(mode="after")
    def _these_speak_of_a_server(self) -> Self:
        if self.qdrant_url is not None:
            self._require_copies()
            return self
        idle = [
            str(field.validation_alias)
            for name, field in QdrantSettings.model_fields.items()
            if name.startswith("qdrant_")
            and not name.endswith("_api_key")
            and getattr(self, name) != field.default
        ]
        if idle:
            verb = "speaks" if len(idle) == 1 else "speak"
            raise ValueError(
                f"{' and '.join(idle)} {verb} of a Qdrant server, but QDRANT_URL is not set; "
                "set it, or leave the others out"
            )
        return self

    def _require_copies(self) -> None:
        copies = self.qdrant_replication_factor or 1
        if (self.qdrant_write_consistency or 1) > copies:
            raise ValueError(
                f"QDRANT_WRITE_CONSISTENCY is {self.qdrant_write_consistency}, but there "
                f"{'is 1 copy' if copies == 1 else f'are {copies} copies'} to write to "
                "(QDRANT_REPLICATION_FACTOR)"
            )
        if self.qdrant_oversampling is not None and self.qdrant_quantization == "none":
            raise ValueError(
                "QDRANT_OVERSAMPLING is about quantized vectors; set QDRANT_QUANTIZATION, too"
            )
