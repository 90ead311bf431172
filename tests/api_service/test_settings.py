import os
import subprocess
import sys
from pathlib import Path

import pytest

from api_service.settings import Settings
from tests.api_service.service import SECRET

ON_SERVER = {"QDRANT_URL": "http://qdrant:6333"}
READ = """
from api_service.settings import Settings
from service_kit.settings import BadSettings
try:
    print(Settings.from_environment())
except BadSettings as error:
    raise SystemExit(str(error))
"""


def read(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Read the settings in a process of its own, which knows these variables alone."""
    measured = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE")}
    paths = os.pathsep.join(sys.path)
    return subprocess.run(
        [sys.executable, "-c", READ],
        cwd=tmp_path,
        env={**measured, "PYTHONPATH": paths, "JWT_SECRET": SECRET, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_secret_is_all_that_must_be_set(tmp_path: Path) -> None:
    result = read(tmp_path)

    assert result.returncode == 0
    assert "port=8000" in result.stdout
    assert SECRET not in result.stdout


@pytest.mark.parametrize(
    ("environment", "shown"),
    [
        ({"PORT": "9000"}, "port=9000"),
        ({"PORT": "9000", "API_SERVER_PORT": "9001"}, "port=9001"),
        ({"RATE_LIMIT": "off"}, "rate_limit=False"),
        ({"RATE_LIMIT": "better-auth"}, "rate_limit=True"),
        ({"QDRANT_URL": "http://qdrant:6333/"}, "qdrant_url='http://qdrant:6333'"),
        ({"WEB_CONCURRENCY": "4", "QDRANT_URL": "http://qdrant:6333"}, "workers=4"),
        ({"OPENAI_API_KEY": ""}, "openai_api_key=None"),
        ({"LLM_MODEL": "gpt-4o-mini, openai:gpt-4o"}, "llm_model=('gpt-4o-mini', 'openai:gpt-4o')"),
        ({"BOOK": "arms"}, "book='arms'"),
        ({"QDRANT_URL": "http://qdrant:6333", "QDRANT_HNSW_M": "32"}, "qdrant_hnsw_m=32"),
        ({"QDRANT_HNSW_M": "", "QDRANT_QUANTIZATION": ""}, "qdrant_quantization='none'"),
    ],
)
def test_variables_are_read(tmp_path: Path, environment: dict[str, str], shown: str) -> None:
    assert shown in read(tmp_path, **environment).stdout


@pytest.mark.parametrize(
    ("environment", "complaint"),
    [
        ({"JWT_SECRET": ""}, "JWT_SECRET is not set"),
        ({"JWT_SECRET": "short"}, "JWT_SECRET is shorter than 32 characters"),
        ({"CHAT_RATE_LIMIT": "often"}, "CHAT_RATE_LIMIT is not a limit such as 10/minute"),
        ({"RATE_LIMIT_STORAGE_URI": "redis"}, "RATE_LIMIT_STORAGE_URI is no address such as"),
        ({"QDRANT_URL": "qdrant:6333"}, "QDRANT_URL is no address"),
        ({"QDRANT_URL": "http://"}, "QDRANT_URL is no address"),
        ({"QDRANT_URL": "http://qdrant:99999"}, "QDRANT_URL is no address"),
        ({"OPENAI_BASE_URL": "http://[::1"}, "OPENAI_BASE_URL is no address"),
        ({"TRUSTED_PROXIES": "nginx"}, "TRUSTED_PROXIES 'nginx' is no address or network"),
        ({"API_SERVER_PORT": "0"}, "API_SERVER_PORT should be greater than or equal to 1"),
        ({"WEB_CONCURRENCY": "many"}, "WEB_CONCURRENCY should be a valid integer\n"),
        ({"RATE_LIMIT": "maybe"}, "RATE_LIMIT should be on or off"),
        ({"FUSION": "sum"}, "FUSION should be 'convex', 'dbsf' or 'rrf'"),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL does not fit: Least level of the lines printed: DEBUG,"),
        ({"CHAT_DEADLINE_MS": "30"}, "CHAT_DEADLINE_MS should be greater than or equal to 100"),
        ({"ANSWER_DEADLINE_SECONDS": "0"}, "ANSWER_DEADLINE_SECONDS should be greater than 0"),
        ({"FALLBACK": "nobody"}, "FALLBACK should be 'none' or 'extractive'"),
        ({"LLM_MODEL": ","}, "LLM_MODEL Tuple should have at least 1 item"),
        ({"BOOK": "arms/legs"}, "BOOK does not fit: Name of the book"),
        ({"QDRANT_SHARD_NUMBER": "2"}, "QDRANT_SHARD_NUMBER speaks of a Qdrant server, but"),
        (
            {"QDRANT_QUANTIZATION": "scalar", "QDRANT_VECTORS_ON_DISK": "on"},
            "QDRANT_QUANTIZATION and QDRANT_VECTORS_ON_DISK speak of a Qdrant server, but",
        ),
        (ON_SERVER | {"QDRANT_QUANTIZATION": "product"}, "QDRANT_QUANTIZATION"),
        (ON_SERVER | {"QDRANT_SHARD_NUMBER": "0"}, "QDRANT_SHARD_NUMBER"),
        (ON_SERVER | {"QDRANT_HNSW_M": "many"}, "QDRANT_HNSW_M"),
        (ON_SERVER | {"QDRANT_COLLECTION": "a/b"}, "letters, digits, dashes and underscores"),
        (ON_SERVER | {"QDRANT_OVERSAMPLING": "2"}, "set QDRANT_QUANTIZATION, too"),
        (ON_SERVER | {"QDRANT_WRITE_CONSISTENCY": "2"}, "there is 1 copy to write to"),
        ({"WEB_CONCURRENCY": "2"}, "set QDRANT_URL to a Qdrant server, or WEB_CONCURRENCY to 1"),
    ],
)
def test_a_wrong_value_is_refused_by_name(
    tmp_path: Path, environment: dict[str, str], complaint: str
) -> None:
    result = read(tmp_path, **environment)

    assert result.returncode == 1
    assert complaint in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("field", Settings.model_fields.values(), ids=Settings.model_fields)
def test_every_setting_is_described_and_named(field: object) -> None:
    assert getattr(field, "description", None)
    assert getattr(field, "validation_alias", None)


def test_every_wrong_value_is_named_at_once(tmp_path: Path) -> None:
    result = read(tmp_path, JWT_SECRET="short", PORT="many")

    assert [line.split()[0] for line in result.stderr.splitlines()] == [
        "JWT_SECRET",
        "API_SERVER_PORT",
    ]


@pytest.mark.parametrize(
    ("addresses", "origin"),
    [
        ({}, "http://localhost:3001"),
        ({"AUTH_SERVICE_URL": "http://127.0.0.1:4001"}, "http://localhost:4001"),
        ({"AUTH_SERVICE_URL": "http://auth-service"}, "http://localhost:3001"),
        ({"BETTER_AUTH_URL": "https://auth.book.example/"}, "https://auth.book.example"),
        (
            {"BETTER_AUTH_URL": "https://book.example/auth", "AUTH_SERVICE_URL": "http://a:1"},
            "https://book.example",
        ),
    ],
)
def test_auth_service_calls_itself_what_it_does_by_the_same_setting(
    addresses: dict[str, str], origin: str
) -> None:
    settings = Settings.model_validate({"JWT_SECRET": SECRET, **addresses})

    assert settings.auth_service_origin == origin


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({}, 30.0),
        ({"CHAT_DEADLINE_MS": "2500"}, 2.5),
        ({"ANSWER_DEADLINE_SECONDS": "1.5"}, 1.5),
        ({"ANSWER_DEADLINE_SECONDS": "1.5", "CHAT_DEADLINE_MS": "2500"}, 2.5),
    ],
)
def test_a_deadline_under_its_former_name_counts_where_the_new_one_is_unset(
    environment: dict[str, str], seconds: float
) -> None:
    settings = Settings.model_validate({"JWT_SECRET": SECRET, **environment})

    assert settings.answer_seconds == seconds
