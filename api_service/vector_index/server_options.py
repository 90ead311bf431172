"""How a Qdrant server keeps and searches the index, in the client's own forms."""

from dataclasses import asdict, dataclass
from typing import Any

from qdrant_client import models

from api_service.qdrant_settings import QdrantSettings, Quantization
from api_service.vector_index import COLLECTION
from api_service.vector_index.points import BM25, DENSE


@dataclass(frozen=True, slots=True)
class Kept:
    """What a collection is made with; None: as Qdrant has it by default.

    Attributes:
        shard_number: Parts it is cut into.
        replication_factor: Copies of each part.
        write_consistency: Copies that must have a write.
        quantization: How small the vectors are that are compared first.
        vectors_on_disk: Whether dense vectors stay on disk.
        payload_on_disk: Whether payloads do.
        hnsw_m: Neighbours in the graph.
        hnsw_ef_construct: Candidates while it is built.
    """

    shard_number: int | None = None
    replication_factor: int | None = None
    write_consistency: int | None = None
    quantization: Quantization = "none"
    vectors_on_disk: bool = False
    payload_on_disk: bool | None = None
    hnsw_m: int | None = None
    hnsw_ef_construct: int | None = None

    def noted(self) -> dict[str, Any]:
        """Return what is written into a collection's metadata, to tell whether it still fits."""
        return asdict(self)

    def arguments(self, dimensions: int | None) -> dict[str, Any]:
        """Return the arguments of create_collection."""
        return {
            "vectors_config": self._dense(dimensions),
            "sparse_vectors_config": {
                BM25: models.SparseVectorParams(modifier=models.Modifier.IDF)
            },
            "shard_number": self.shard_number,
            "replication_factor": self.replication_factor,
            "write_consistency_factor": self.write_consistency,
            "on_disk_payload": self.payload_on_disk,
            "hnsw_config": self._hnsw(),
            "quantization_config": self._quantization(),
        }

    def _dense(self, dimensions: int | None) -> dict[str, models.VectorParams]:
        if not dimensions:
            return {}
        on_disk = self.vectors_on_disk or None
        return {
            DENSE: models.VectorParams(
                size=dimensions, distance=models.Distance.COSINE, on_disk=on_disk
            )
        }

    def _hnsw(self) -> models.HnswConfigDiff | None:
        if self.hnsw_m is None and self.hnsw_ef_construct is None:
            return None
        return models.HnswConfigDiff(m=self.hnsw_m, ef_construct=self.hnsw_ef_construct)

    def _quantization(self) -> models.QuantizationConfig | None:
        # In memory whatever becomes of the vectors themselves: that is what it is for.
        if self.quantization == "scalar":
            return models.ScalarQuantization(
                scalar=models.ScalarQuantizationConfig(
                    type=models.ScalarType.INT8, quantile=0.99, always_ram=True
                )
            )
        if self.quantization == "binary":
            return models.BinaryQuantization(
                binary=models.BinaryQuantizationConfig(always_ram=True)
            )
        return None


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How a lock shows that its holder lives.

    Attributes:
        beat_seconds: Between two beats.
        patience_seconds: Without a beat for as long, the holder is taken for dead.
    """

    beat_seconds: float = 2.0
    patience_seconds: float = 15.0


@dataclass(frozen=True, slots=True)
class Options:
    """A Qdrant server's part of the settings.

    Attributes:
        alias: What readers ask for.
        kept: What collections are made with.
        hnsw_ef: Candidates in a search; None: as Qdrant has it.
        oversampling: How many times as many are chosen by quantized vectors as are needed.
        rhythm: Of the lock that an ingestion takes.
    """

    alias: str = COLLECTION
    kept: Kept = Kept()
    hnsw_ef: int | None = None
    oversampling: float | None = None
    rhythm: Rhythm = Rhythm()

    def dense_search(self) -> models.SearchParams | None:
        """Return the parameters of a search by nearness."""
        quantization = None
        if self.kept.quantization != "none":
            quantization = models.QuantizationSearchParams(
                rescore=True, oversampling=self.oversampling
            )
        if self.hnsw_ef is None and quantization is None:
            return None
        return models.SearchParams(hnsw_ef=self.hnsw_ef, quantization=quantization)


def options(settings: QdrantSettings) -> Options:
    """Return what the settings say."""
    return Options(
        alias=settings.qdrant_collection,
        kept=Kept(
            shard_number=settings.qdrant_shard_number,
            replication_factor=settings.qdrant_replication_factor,
            write_consistency=settings.qdrant_write_consistency,
            quantization=settings.qdrant_quantization,
            vectors_on_disk=settings.qdrant_vectors_on_disk,
            payload_on_disk=settings.qdrant_payload_on_disk,
            hnsw_m=settings.qdrant_hnsw_m,
            hnsw_ef_construct=settings.qdrant_hnsw_ef_construct,
        ),
        hnsw_ef=settings.qdrant_hnsw_ef,
        oversampling=settings.qdrant_oversampling,
    )
