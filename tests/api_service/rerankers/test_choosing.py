import subprocess
import sys
from pathlib import Path

import pytest

from api_service import rerankers
from service_kit.settings import BadSettings
from tests.api_service.service import make_settings


def test_without_a_setting_there_is_none() -> None:
    assert rerankers.choose(make_settings(Path())) is None


@pytest.mark.parametrize("name", ["cohere", "local:", "ftp://host/rerank", "openai:gpt-4o"])
def test_what_is_neither_an_address_nor_local_is_refused(name: str) -> None:
    settings = make_settings(Path()).model_copy(update={"reranker": name})
    with pytest.raises(BadSettings, match="RERANKER"):
        rerankers.choose(settings)


def test_a_local_model_without_its_package_names_the_extra() -> None:
    code = (
        "import sys; sys.modules['fastembed'] = None\n"
        "from api_service import rerankers\n"
        "from api_service.settings import BookSettings\n"
        "rerankers.choose(BookSettings(reranker='local:folder'))"
    )
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "ai-book-backend[api,local]" in run.stderr
