"""Where a reader is sent when following a link went wrong."""

import re
from html import escape
from string import Template
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from auth_service.dependencies import Res
from service_kit.security_headers import POLICY

router = APIRouter(tags=["errors"])

_CODE = re.compile(r"[A-Za-z0-9_'-]+")
_UNKNOWN = "UNKNOWN"

_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Something went wrong</title>
<style>
body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 32rem; margin: 15vh auto }
p { overflow-wrap: anywhere }
</style>
</head>
<body>
<h1>Something went wrong</h1>
<p><code>$code</code></p>
<p>$description</p>
<p><a href="/">Go to the start page</a></p>
</body>
</html>
""")

_NOTHING_SAID = "Please try again, or ask for a new link."

# The texts come from the address, so the page runs nothing and loads nothing.
_PAGE_HEADERS = {"Content-Security-Policy": f"{POLICY}; style-src 'unsafe-inline'"}


@router.get("/error", include_in_schema=False)
async def error_page(request: Request, resources: Res) -> Response:
    """Show what went wrong; where the service is public, the site's start page is to do that.

    A code that is none becomes UNKNOWN. Of a parameter given twice the first counts.
    """
    code = _first(request, "error") or _UNKNOWN
    code = code if _CODE.fullmatch(code) else _UNKNOWN
    description = _first(request, "error_description")
    if resources.settings.is_public:
        said = {"error": code} | ({"error_description": description} if description else {})
        return RedirectResponse(f"/?{urlencode(said)}", status_code=302)
    page = _PAGE.substitute(code=escape(code), description=escape(description or _NOTHING_SAID))
    return HTMLResponse(page, headers=_PAGE_HEADERS)


def _first(request: Request, name: str) -> str:
    return next(iter(request.query_params.getlist(name)), "")
