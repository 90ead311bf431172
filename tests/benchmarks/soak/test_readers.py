import json
import stat
from pathlib import Path

from benchmarks.soak.readers import Reader, write


def test_readers_are_written_for_k6_alone(tmp_path: Path) -> None:
    file = tmp_path / "readers.json"
    write([Reader("a@example.com", "secret", "session=1", "jwt")], file)
    assert json.loads(file.read_text()) == [
        {"email": "a@example.com", "password": "secret", "cookie": "session=1", "token": "jwt"}
    ]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
