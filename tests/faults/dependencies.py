"""The dependencies, in the order of the page."""

from typing import Any

from tests.faults.auth_service import BEST_EFFORT, REQUIRED
from tests.faults.cells import Dependency
from tests.faults.logdna import LOGDNA
from tests.faults.openai import OPENAI, OPENAI_WITH_FALLBACK
from tests.faults.postgres import POSTGRES
from tests.faults.qdrant import QDRANT
from tests.faults.redis import ANSWERS, SIGN_INS
from tests.faults.sentry import SENTRY
from tests.faults.smtp import SMTP

DEPENDENCIES: tuple[Dependency[Any], ...] = (
    POSTGRES,
    SIGN_INS,
    ANSWERS,
    SMTP,
    BEST_EFFORT,
    REQUIRED,
    QDRANT,
    OPENAI,
    OPENAI_WITH_FALLBACK,
    SENTRY,
    LOGDNA,
)
