import time
from datetime import UTC, datetime
from pathlib import Path

from tests.api_service.service import bearer, make_settings, make_token, running_service


async def test_a_caller_is_shown_what_their_token_says(tmp_path: Path) -> None:
    expires = int(time.time()) + 3600
    async with running_service(make_settings(tmp_path)) as http:
        reply = await http.get("/v1/me", headers=bearer(make_token(exp=expires, role="instructor")))

    assert reply.json() == {
        "user_id": "user-1",
        "email": "reader@book.test",
        "name": "Ada",
        "software_background": "Python",
        "hardware_background": "Arduino",
        "interest_area": "walking robots",
        "role": "instructor",
        "expires_at": datetime.fromtimestamp(expires, UTC).isoformat().replace("+00:00", "Z"),
    }
