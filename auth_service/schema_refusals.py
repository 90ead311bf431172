"""What the tables of another version are too old or too new for is refused, all else served."""

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from auth_service.database.schema import NEEDED, misfits
from auth_service.errors import DatabaseUnavailable, render
from auth_service.resources import Resources

log = structlog.get_logger(__name__)


async def refused_by_schema(scope: Scope, error: Exception) -> Response | None:
    """Answer 503 where a statement failed because another version's tables are there.

    With the tables of this version the same failure is a mistake of ours: None.
    """
    if not misfits(error):
        return None
    opened: Resources = Request(scope).state.resources
    try:
        schema = await opened.schema.look()
    except DatabaseUnavailable as unavailable:
        return render(unavailable)
    if schema.state == "current":
        return None
    log.warning("refused_by_schema", state=schema.state, found=schema.found, needed=NEEDED)
    return render(DatabaseUnavailable())
