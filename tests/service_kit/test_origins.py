import pytest

from service_kit.origins import TrustedOrigins, TrustingCORSMiddleware
from tests.service_kit.asgi import application, client


@pytest.mark.parametrize(
    ("pattern", "url"),
    [
        ("https://book.example", "https://book.example"),
        ("https://book.example", "HTTPS://Book.Example:443/a/page?x#y"),
        ("http://localhost:3000", "http://localhost:3000/x"),
        ("https://*.book.example", "https://a.book.example"),
        ("https://*.book.example", "https://a.b.book.example/x"),
        ("*.book.example", "http://a.book.example"),
        ("*.book.example:8080", "http://a.book.example:8080"),
        ("https://pr-?.book.example", "https://pr-7.book.example"),
        ("*://book.example", "http://book.example"),
        ("192.168.*.*", "http://192.168.1.20"),
        ("http://192.168.*.*:3000", "http://192.168.1.20:3000"),
        ("http://[::1]:3000", "http://[::1]:3000/x"),
        ("http://[::1]:*", "http://[::1]:3000"),
        ("exp://192.168.*.*:*/**", "exp://192.168.1.20:8081/--/done"),
        ("exp://192.168.*.*:*", "exp://192.168.1.20:8081/--/done"),
        ("MyApp://callback/*", "myapp://Callback/Done"),
        ("myapp://", "myapp://anything/there"),
        ("myapp://callback", "myapp://callback/done"),
        ("myapp://callback/a", "myapp://callback/a/b?x=1"),
    ],
)
def test_an_origin_is_trusted(pattern: str, url: str) -> None:
    assert TrustedOrigins((pattern,)).trusts(url)


@pytest.mark.parametrize(
    ("pattern", "url"),
    [
        ("https://book.example", "http://book.example"),
        ("https://book.example", "https://book.example:444"),
        ("https://book.example", "https://book.example.evil.example"),
        ("https://book.example", "https://book.example@evil.example"),
        ("https://book.example", "https://user@book.example"),
        ("https://book.example", "https://evil.example\\@book.example"),
        ("https://book.example", "https://book.example\n"),
        ("https://book.example", " https://book.example"),
        ("https://book.example", "https://book.example:99999"),
        ("https://book.example", "https://[book.example"),
        ("https://book.example", "book.example"),
        ("https://book.example", "https://"),
        ("https://book.example", "://book.example"),
        ("https://book.example", "null"),
        ("https://book.example", ""),
        ("https://book.example", "javascript:alert(1)"),
        ("https://*.book.example", "https://book.example"),
        ("https://*.book.example", "https://evil.example/a.book.example"),
        ("https://*.book.example", "http://a.book.example"),
        ("*.book.example", "https://a.book.example.evil.example"),
        ("https://*.book.example", "https://evil.example%2f.book.example"),
        ("https://*.book.example", "https://evil.example .book.example"),
        ("*.book.example", "javascript://a.book.example/%0aalert(1)"),
        ("*.book.example", "data://a.book.example/,x"),
        ("*://book.example", "javascript://book.example/%0aalert(1)"),
        ("http://[::1]:3000", "http://[::1:3000]"),
        ("http://[::1]:*", "http://[::1:3000]"),
        ("exp://192.168.*.*:*/**", "exp://192.168.evil.example:8081/--/done"),
        ("exp://192.168.*.*:*/--/*", "exp://192.168.1.20:8081/done"),
        ("myapp://callback/*", "myapp://callback/a/../b"),
        ("myapp://callback/*", "myapp://callback/a%2f..%2fb"),
        ("192.168.*.*", "http://192.168.evil.example"),
        ("192.168.*.*", "http://192.168.1.2.evil.example"),
        ("myapp://callback", "myapp://evil"),
        ("myapp://callback/a", "myapp://callback/ab"),
        ("myapp://callback/a", "myapp://callback/a/../b"),
        ("myapp://callback/a", "myapp://callback/a/%2e%2e/b"),
        ("myapp://callback", "other://callback"),
    ],
)
def test_an_origin_is_not_trusted(pattern: str, url: str) -> None:
    assert not TrustedOrigins((pattern,)).trusts(url)


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://evil.example"}])
async def test_every_reply_tells_caches_that_the_origin_counts(headers: dict[str, str]) -> None:
    app = TrustingCORSMiddleware(
        application(),
        trusted=TrustedOrigins(("https://book.example",)),
        allow_headers=(),
        expose_headers=(),
        allow_credentials=True,
    )
    async with client(app) as http:
        reply = await http.get("/echo", headers=headers)

    assert reply.headers["vary"] == "Origin"
    assert "access-control-allow-origin" not in reply.headers
