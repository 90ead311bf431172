from pathlib import Path

from tests.api_service.service import bearer, make_settings, make_token, running_service


async def test_a_caller_is_shown_what_their_token_says(tmp_path: Path) -> None:
    async with running_service(make_settings(tmp_path)) as http:
        reply = await http.get(
            "/v1/me", headers=bearer(make_token(exp=4_000_000_000, role="instructor"))
        )

    assert reply.json() == {
        "user_id": "user-1",
        "email": "reader@book.test",
        "name": "Ada",
        "software_background": "Python",
        "hardware_background": "Arduino",
        "interest_area": "walking robots",
        "role": "instructor",
        "expires_at": "2096-10-02T07:06:40Z",
    }
