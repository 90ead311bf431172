"""Who may call what lies under /internal: api-service alone, by the secret both share."""

from typing import Annotated

import structlog
from fastapi import Depends, Request

from auth_service.dependencies import Res
from auth_service.error_codes import Code
from auth_service.errors import Refused
from service_kit.service_token import NotAService, check_service_token

log = structlog.get_logger(__name__)


async def from_api_service(request: Request, resources: Res) -> None:
    """Let api-service through.

    Raises:
        Refused: UNAUTHORIZED, the caller does not show that it is api-service.
    """
    given = request.headers.getlist("authorization")
    scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    try:
        shown = token.strip() if scheme.lower() == "bearer" else ""
        check_service_token(shown, resources.settings.token_secrets)
    except NotAService as error:
        log.warning("service_refused", reason=str(error))
        raise Refused(Code.UNAUTHORIZED) from error


FromApiService = Annotated[None, Depends(from_api_service)]
