"""The README's walk with a token anybody can check, by a shell, against both services."""

import json
import subprocess
from pathlib import Path

import jwt
import pytest

from tests.contract.both_services import running_site
from tests.journeys.readme import commands

_MARK = "\x1e"

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]


def test_the_walk_with_a_token_anybody_can_check_leads_where_it_says(tmp_path: Path) -> None:
    readme = commands()
    blocks = [readme["Four calls to an answer"][0], *readme["Tokens anybody can check"]]
    script = f"\nprintf '{_MARK}'\n".join(blocks)
    with running_site(tmp_path) as site:
        script = script.replace("http://127.0.0.1:3001", site.auth)
        script = script.replace("http://127.0.0.1:8000", site.api)
        done = subprocess.run(
            ["bash", "-euc", f"{script}\nprintf '{_MARK}%s' \"$TOKEN\""],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
    signed_up, _, listed, me, token = done.stdout.split(_MARK)

    (key,) = json.loads(listed)["keys"]
    claims = jwt.decode(
        token, jwt.PyJWK(key), algorithms=["EdDSA"], issuer=site.origin, audience=site.origin
    )
    assert claims["sub"] == json.loads(me)["user_id"] == json.loads(signed_up)["user"]["id"]
    assert claims["exp"] - claims["iat"] == 900
