"""What a route reads, described for OpenAPI: FastAPI cannot see it, for `wire` reads it."""

from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from auth_service.wire import Wire


class _InputSchema(GenerateJsonSchema):
    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Leave out None, which stands for a member not sent: null is another thing, or refused."""
        if schema.get("default", ...) is None:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)


def documented(model: type[Wire], *media_types: str, required: bool = True) -> dict[str, Any]:
    """Describe a route's body for OpenAPI, which cannot see it: we read it ourselves."""
    schema = _input_schema(model)
    content = {kind: {"schema": schema} for kind in media_types}
    return {"requestBody": {"required": required, "content": content}}


def documented_query(model: type[Wire]) -> dict[str, Any]:
    """Describe a route's query for OpenAPI; likewise."""
    schema = _input_schema(model)
    required = schema.get("required", ())
    return {
        "parameters": [
            {"name": name, "in": "query", "required": name in required, "schema": member}
            for name, member in schema["properties"].items()
        ]
    }


def _input_schema(model: type[Wire]) -> dict[str, Any]:
    schema = model.model_json_schema(schema_generator=_InputSchema)
    inlined: dict[str, Any] = _inlined(schema, schema.pop("$defs", {}))
    return inlined


def _inlined(value: Any, definitions: Mapping[str, Any]) -> Any:  # noqa: ANN401 -- any JSON
    """Put definitions in place of references to them: within a document these lead nowhere."""
    if isinstance(value, list):
        return [_inlined(each, definitions) for each in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        return _inlined(definitions[value["$ref"].rpartition("/")[2]], definitions)
    return {name: _inlined(each, definitions) for name, each in value.items()}
