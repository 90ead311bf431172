"""What `make run` says once everything answers."""

from pathlib import Path

from standalone.settings import Settings

CALLS = """\
# 1. Sign up; the cookie is your session.
curl -c cookies.txt {auth}/api/auth/sign-up/email \\
  -H 'Content-Type: application/json' \\
  -d '{{"name": "Reader", "email": "reader@example.com", "password": "correct horse battery"}}'

# 2. See who you are.
curl -b cookies.txt {auth}/api/auth/get-session

# 3. Take a token; it lives seven days.
TOKEN=$(curl -s -b cookies.txt {auth}/api/auth/jwt | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')

# 4. Ask the book.
curl {api}/v1/chat -H "Authorization: Bearer $TOKEN" \\
  -H 'Content-Type: application/json' \\
  -d '{{"message": "What is a Vision-Language-Action model?"}}'"""
"""The four calls of the README, with the addresses left open."""


def greeting(settings: Settings, data: Path) -> str:
    """Return the addresses, the calls to try, and what is real here and what stands in."""
    calls = CALLS.format(auth=settings.auth_address, api=settings.api_address)
    return "\n".join(
        (
            "",
            f"auth-service  {settings.auth_address}",
            f"api-service   {settings.api_address}",
            "",
            *(f"  {line}".rstrip() for line in calls.splitlines()),
            "",
            *_parts(settings, data),
            "",
            "Ctrl-C stops everything; the data stays.",
        )
    )


def _parts(settings: Settings, data: Path) -> list[str]:
    accounts = (
        f"a PostgreSQL of its own in {data / 'postgres'}; set DATABASE_URL to use yours"
        if settings.database_url is None
        else "your PostgreSQL (DATABASE_URL)"
    )
    index = (
        f"Qdrant's engine in api-service, kept in {data / 'index'}; set QDRANT_URL to use yours"
        if settings.qdrant_url is None
        else "your Qdrant (QDRANT_URL)"
    )
    answers = (
        "the book's own sentences, word search only; set OPENAI_API_KEY for written answers"
        if settings.openai_api_key is None
        else "written by the language model (OPENAI_API_KEY)"
    )
    mail = (
        "printed here, links and all, and sent to nobody; set MAIL_URL to send it"
        if settings.mail_url is None
        else "sent your way (MAIL_URL)"
    )
    proxies = (
        "nobody; behind a proxy all readers share one address until you set TRUSTED_PROXIES"
        if not settings.trusted_proxies
        else "your proxies (TRUSTED_PROXIES)"
    )
    return [
        f"Accounts  {accounts}.",
        f"Index     {index}.",
        f"Answers   {answers}.",
        f"Mail      {mail}.",
        f"Proxies   X-Forwarded-For is believed from {proxies}.",
    ]
