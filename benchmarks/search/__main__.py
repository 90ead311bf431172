"""`python -m benchmarks.search --data DIR`: how long `/v1/search` takes, from request to reply.

The documents of a judged set, each a passage, are put into an embedded index by the ingestion's
own code; a service is started on it, and the set's questions are asked one after another over one
connection. With EMBEDDING_MODEL naming a local model the question's embedding is part of it.
"""

import argparse
import asyncio
import os
import secrets
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import jwt

from api_service import embedders
from api_service.evaluation.judged_sets import JudgedSet, read_set
from api_service.evaluation.retrieval import whole
from api_service.ingestion.reading import fingerprint
from api_service.ingestion.writing import write_chunks
from api_service.settings import BookSettings
from api_service.vector_index.opening import open_index

WARM_UP = 100
START_SECONDS = 60


def main() -> None:
    """Build, start, ask and print."""
    arguments = _arguments()
    judged = read_set(arguments.data)
    with TemporaryDirectory(prefix="bench-search-") as folder:
        settings = BookSettings.from_environment().model_copy(
            update={"data_dir": Path(folder), "qdrant_url": None}
        )
        chunks = asyncio.run(_build(judged, settings, arguments.chunks))
        secret = secrets.token_hex(32)
        with _service(Path(folder), secret) as url:
            questions = list(islice(cycle(judged.queries), WARM_UP + arguments.questions))
            retrieval, times = _ask(url, secret, [query.text for query in questions])
    ordered = statistics.quantiles(times, n=100, method="inclusive")
    sys.stdout.write(
        f"{chunks} chunks, {len(times)} questions, {retrieval}: "
        f"p50 {ordered[49]:.2f} ms, p95 {ordered[94]:.2f} ms, p99 {ordered[98]:.2f} ms\n"
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="a set like BEIR's")
    parser.add_argument("--chunks", type=int, default=5000, metavar="N", help="most documents")
    parser.add_argument("--questions", type=int, default=1000, metavar="N", help="asked in all")
    return parser.parse_args()


async def _build(judged: JudgedSet, settings: BookSettings, most: int) -> int:
    embedder = embedders.choose(settings)
    index = await open_index(settings)
    try:
        await index.prepare(embedder.dimensions if embedder else None)
        chunks = [whole(passage) for passage in judged.passages[:most]]
        language = settings.book_language
        marked = [(chunk, fingerprint(chunk, embedder, language)) for chunk in chunks]
        await write_chunks(marked, index, embedder, lambda _done, _total: None, language)
        return await index.count()
    finally:
        await index.close()
        if embedder:
            await embedder.close()


@contextmanager
def _service(data_dir: Path, secret: str) -> Iterator[str]:
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "DATA_DIR": str(data_dir),
        "QDRANT_URL": "",
        "JWT_SECRET": secret,
        "API_SERVER_PORT": str(port),
        "RATE_LIMIT": "off",
        "REVOCATIONS": "off",
        "LOG_LEVEL": "WARNING",
    }
    command = [sys.executable, "-m", "api_service"]
    with subprocess.Popen(command, env=environment) as process:  # noqa: S603 # our own
        url = f"http://127.0.0.1:{port}"
        try:
            _wait_for(url, process)
            yield url
        finally:
            process.terminate()


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(f"{url}/health", timeout=1).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the service did not start")


def _ask(url: str, secret: str, questions: Sequence[str]) -> tuple[str, list[float]]:
    """Return what was compared, and how long each question took but for the first, in ms."""
    times: list[float] = []
    retrieval = ""
    headers = {"Authorization": f"Bearer {_token(secret)}"}
    with httpx.Client(base_url=url, headers=headers, timeout=10) as http:
        for question in questions:
            start = time.perf_counter()
            reply = http.get("/v1/search", params={"q": question[:500]})
            times.append((time.perf_counter() - start) * 1000)
            retrieval = reply.raise_for_status().json()["retrieval"]
    return retrieval, times[WARM_UP:]


def _token(secret: str) -> str:
    now = int(time.time())
    claims = {
        "sub": "reader",
        "userId": "reader",
        "email": "reader@book.test",
        "name": "Reader",
        "sid": "session",
        "jti": "token",
        "iat": now,
        "nbf": now,
        "exp": now + 3600,
        "iss": "auth-service",
        "aud": "api-service",
    }
    return jwt.encode(claims, secret, algorithm="HS256")


if __name__ == "__main__":
    main()
