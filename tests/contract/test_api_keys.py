"""API keys between the two services, as processes of their own."""

from pathlib import Path

import httpx

from tests.contract.both_services import running_site, signed_up


def test_no_key_is_in_any_log(tmp_path: Path) -> None:
    with running_site(tmp_path) as site:
        with signed_up(site, "mina@example.com") as reader:
            made = reader.post("/api/auth/api-key/create", json={"name": "marked-name"}).json()
        wrong = "w" * 64
        with httpx.Client(base_url=site.api) as api, httpx.Client(base_url=site.auth) as auth:
            for key in (made["key"], wrong, "marked-malformed", "marked key"):
                api.get("/v1/me", headers={"x-api-key": key})
                api.get("/v1/me", headers={"x-api-key": key, "authorization": "Bearer marked"})
                auth.get("/api/auth/get-session", headers={"x-api-key": key})
                auth.get("/api/auth/jwt", headers={"x-api-key": key})
            assert api.get("/v1/me", headers={"x-api-key": made["key"]}).status_code == 200
        said = site.api_log.read_text() + site.auth_log.read_text()
    for secret in (made["key"], made["key"][8:40], wrong, "marked", "mina@example.com"):
        assert secret not in said, secret
    assert "api_key_refused" in said
