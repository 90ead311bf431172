"""What is sent to sign in with a provider or about its accounts, and what comes back."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, PydanticKnownError, core_schema

from auth_service.oauth.authorization import RESERVED
from auth_service.sessions.schemas import UserBody
from auth_service.wire import OptionalFlag, OptionalText, PlainText, Timestamp, Wire


@dataclass(frozen=True, slots=True)
class _NotNull:
    """Says of a member that it may be left out, but not be null.

    Attributes:
        kind: Pydantic's word for what null is not.
    """

    kind: Literal["dict_type", "float_type", "list_type", "model_attributes_type"]

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        def check(value: object) -> object:
            if value is None:
                raise PydanticKnownError(self.kind)
            return value

        return core_schema.no_info_before_validator_function(check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        either: list[JsonSchemaValue] = handler(schema)["anyOf"]
        return next(each for each in either if each != {"type": "null"})


def _provider(value: object) -> object:
    if not isinstance(value, str):  # also where there is none: Better Auth names no type here
        raise PydanticCustomError("provider", "Invalid input")
    return value


def _unreserved(value: dict[str, str] | None) -> dict[str, str] | None:
    if set(value or ()) & set(RESERVED):
        raise PydanticCustomError(
            "reserved",
            "additionalParams cannot include reserved OAuth parameters: {names}",
            {"names": ", ".join(RESERVED)},
        )
    return value


class PersonName(Wire):
    """A name, as Apple sends it."""

    first_name: OptionalText = None
    last_name: OptionalText = None


class Person(Wire):
    """Who an id token is about, as Apple sends it; no provider here needs it."""

    name: Annotated[PersonName | None, _NotNull("model_attributes_type")] = None
    email: OptionalText = None


class IdTokenBody(Wire):
    """An id token a reader has got from a provider by themselves, and what came with it."""

    token: str
    nonce: OptionalText = None
    access_token: OptionalText = None
    refresh_token: OptionalText = None
    expires_at: Annotated[float | None, _NotNull("float_type")] = None
    user: Annotated[Person | None, _NotNull("model_attributes_type")] = None


class SocialBody(Wire):
    """With whom to sign in, or what to link."""

    model_config = ConfigDict(json_schema_extra={"required": ["provider"]})

    callback_url: OptionalText = Field(default=None, alias="callbackURL")
    new_user_callback_url: OptionalText = Field(default=None, alias="newUserCallbackURL")
    error_callback_url: OptionalText = Field(default=None, alias="errorCallbackURL")
    provider: Annotated[PlainText, BeforeValidator(_provider)] = Field(
        default=None,  # refused by its validator
        validate_default=True,
    )
    disable_redirect: OptionalFlag = None
    id_token: Annotated[IdTokenBody | None, _NotNull("model_attributes_type")] = None
    scopes: Annotated[list[PlainText] | None, _NotNull("list_type")] = None
    request_sign_up: OptionalFlag = None
    login_hint: OptionalText = None
    additional_params: Annotated[
        dict[str, str] | None, AfterValidator(_unreserved), _NotNull("dict_type")
    ] = None
    additional_data: Annotated[dict[str, Any] | None, _NotNull("dict_type")] = None


class RedirectBody(Wire):
    """Where the reader is to go, and whether the client takes them there."""

    url: str
    redirect: bool


class SignedInBody(Wire):
    """A session started with an id token, or where the reader is to go instead."""

    redirect: bool
    url: str = ""
    token: str = ""
    user: UserBody | None = None


class LinkedBody(Wire):
    """An account linked with an id token, or where the reader is to go instead."""

    url: str
    redirect: bool
    status: bool = True


class CallbackQuery(Wire):
    """What a provider sends a reader back with."""

    code: OptionalText = None
    error: OptionalText = None
    device_id: OptionalText = Field(default=None, alias="device_id")
    error_description: OptionalText = Field(default=None, alias="error_description")
    state: OptionalText = None
    user: OptionalText = None
    iss: OptionalText = None


class UnlinkBody(Wire):
    """The account to unlink, by the id of its row."""

    account_id: PlainText


class AccountChoice(Wire):
    """An account: by the id of its row, or the one in a cookie, which nobody has here."""

    described_as: ClassVar[tuple[str, ...]] = ()

    account_id: PlainText | None = None
    use_account_cookie: bool | str | None = None
    user_id: PlainText | None = Field(default=None, description="Ignored: the session says who.")

    @model_validator(mode="before")
    @classmethod
    def _one_way(cls, value: dict[str, object]) -> dict[str, object]:
        """Refuse what is neither of Better Auth's two strict ways, in its words."""
        user_fits = isinstance(value.get("userId", ""), str)
        by_id = user_fits and isinstance(value.get("accountId"), str)
        by_cookie = user_fits and value.get("useAccountCookie") is True
        beside_id = [name for name in value if name not in {"accountId", "userId"}]
        beside_cookie = [name for name in value if name not in {"useAccountCookie", "userId"}]
        if (by_id and not beside_id) or (by_cookie and not beside_cookie):
            return value
        if by_id == by_cookie:
            raise PydanticCustomError("account", "Invalid input")
        others = beside_id if by_id else beside_cookie
        quoted = ", ".join(f'"{name}"' for name in others)
        raise PydanticCustomError(
            "account",
            "Unrecognized key{plural}: {names}",
            {"plural": "s" if len(others) > 1 else "", "names": quoted},
        )


class AccessTokenBody(Wire):
    """An access token that is good now."""

    access_token: str
    access_token_expires_at: Timestamp | None = None
    scopes: list[str]
    id_token: str | None = None


class RefreshedBody(Wire):
    """Tokens just refreshed."""

    access_token: str
    refresh_token: str
    access_token_expires_at: Timestamp | None = None
    refresh_token_expires_at: Timestamp | None = None
    scope: str | None
    id_token: str | None
    provider_id: str
    account_id: str


class ProviderUserBody(Wire):
    """A user, as a provider says."""

    name: str
    email: str | None
    image: str | None = None
    email_verified: bool


class ProviderAccountBody(Wire):
    """Which account it is."""

    id: str
    provider_id: str
    account_id: str


class AccountInfoBody(Wire):
    """What a provider says of an account: in our words, and in its own."""

    user: ProviderUserBody
    data: dict[str, Any]
    account: ProviderAccountBody
