import re
from pathlib import Path

import pytest
from pydantic import AliasChoices
from pydantic.fields import FieldInfo

from api_service.settings import Settings as ApiSettings
from auth_service.settings import Settings as AuthSettings
from service_kit.settings import ServiceSettings
from standalone.settings import Settings as StandaloneSettings

CHECKOUT = Path(__file__).parents[2]
EXAMPLE = (CHECKOUT / ".env.example").read_text(encoding="utf-8")
COMPOSE = (CHECKOUT / "docker-compose.yml").read_text(encoding="utf-8")

# Read by docker-compose.yml alone.
COMPOSE_ONLY = {"POSTGRES_PASSWORD", "PUBLISH_HOST", "SITE_PORT"}

# Gathered under the issuer's variable.
PARTS = {"OIDC_<NAME>_CLIENT_ID", "OIDC_<NAME>_CLIENT_SECRET"}


def variables(settings: type[ServiceSettings]) -> dict[str, FieldInfo]:
    """Return each field by its variable; where there are several, by the service's own."""
    return {
        str(alias.choices[0] if isinstance(alias, AliasChoices) else alias): field
        for field in settings.model_fields.values()
        if (alias := field.validation_alias)
    }


def examples() -> dict[str, str]:
    return dict(re.findall(r"^(?:# )?([A-Z][A-Z0-9_<>]*)=(.*)$", EXAMPLE, re.MULTILINE))


SETTINGS = {**variables(StandaloneSettings), **variables(AuthSettings), **variables(ApiSettings)}


def test_every_setting_is_shown_and_nothing_else() -> None:
    assert set(examples()) - COMPOSE_ONLY - PARTS == set(SETTINGS)


@pytest.mark.parametrize("settings", [AuthSettings, ApiSettings], ids=["auth", "api"])
def test_every_field_is_named_by_a_variable_and_described(settings: type[ServiceSettings]) -> None:
    assert len(variables(settings)) == len(settings.model_fields)
    assert all(field.description for field in variables(settings).values())


@pytest.mark.parametrize("variable", sorted(SETTINGS))
def test_the_default_shown_is_the_real_one(variable: str) -> None:
    default = SETTINGS[variable].get_default()
    shown = examples()[variable]
    field = SETTINGS[variable]
    if default in (None, (), "", {}) or field.is_required() or field.default_factory:
        return  # the line shows the form of a value
    if isinstance(default, tuple):
        assert shown == ",".join(default)
    elif isinstance(default, bool):
        assert shown == ("on" if default else "off")
    else:
        assert type(default)(shown) == default


@pytest.mark.parametrize("variable", sorted({**variables(AuthSettings), **variables(ApiSettings)}))
def test_every_setting_of_a_service_reaches_its_container(variable: str) -> None:
    # Inside a container these are fixed: it listens everywhere, and has no folder of data.
    if variable in {"AUTH_SERVER_HOST", "API_SERVER_HOST", "DATA_DIR"}:
        return
    if "<NAME>" in variable:
        assert "env_file: [{ path: oidc.env, required: false }]" in COMPOSE
        return
    assert f"{variable}:" in COMPOSE


def test_only_secrets_are_left_to_fill_in() -> None:
    unset = re.findall(r"^([A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE)

    assert dict(unset) == {"BETTER_AUTH_SECRET": "", "JWT_SECRET": "", "POSTGRES_PASSWORD": ""}
