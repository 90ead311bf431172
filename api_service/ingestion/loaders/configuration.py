"""What a site's `docusaurus.config.js` says, read without running it.

The file is a program. What it writes down (objects, lists, texts, names of constants, the object
that a function returns) is read; what only running it would tell is an `Unknown` with its line.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from api_service.ingestion.loaders.files import whole

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

_DEEPEST = 60
_LAST_CHARACTER = 0x10FFFF
_LONGEST_TEXT = 10_000
_PLAIN = frozenset(
    f"{kind}_expression" for kind in ("parenthesized", "as", "satisfies", "await", "non_null")
)
_FUNCTIONS = frozenset({"arrow_function", "function_declaration", "function_expression"})
_WORDS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None, "undefined": None}
_ESCAPE = re.compile(
    r"u\{?(?P<code>[0-9A-Fa-f]+)\}?|x(?P<byte>[0-9A-Fa-f]{2})|(?P<one>.)", re.DOTALL
)
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": ""}


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that only running the configuration would tell, and the line it stands on."""

    line: int


@dataclass(frozen=True, slots=True)
class Module:
    """What `import x from "name"` or `require("name")` stands for."""

    name: str
    line: int


@dataclass(frozen=True, slots=True)
class Record:
    """An object; `open_at` is the line where members are spread into it that are not known."""

    members: dict[str, "Value"] = field(default_factory=dict)
    open_at: int | None = None

    def get(self, name: str) -> "Value":
        """Return a member; None for one that is absent, Unknown for one that may be there."""
        if name in self.members or self.open_at is None:
            return self.members.get(name)
        return Unknown(self.open_at)


Value: TypeAlias = "str | bool | list[Value] | Record | Module | Unknown | None"


def read(source: str) -> Record | Unknown:
    """Return what a configuration file exports, be it JavaScript or TypeScript."""
    program = _parser().parse(source.encode()).root_node
    reader = _Reader(dict(_names(program)))
    exported = _exported(program)
    value = reader.called(exported, 0) if exported else Unknown(1)
    return value if isinstance(value, Record) else Unknown(_line(exported or program))


@cache
def _parser() -> "Parser":
    import tree_sitter_typescript
    from tree_sitter import Language, Parser

    # The grammar of TypeScript with JSX reads JavaScript, too.
    return Parser(Language(tree_sitter_typescript.language_tsx()))


def _names(scope: "Node") -> "Iterator[tuple[str, Node]]":
    """Yield the constants, functions and modules that a scope names."""
    for statement in scope.named_children:
        kind = statement.type
        if kind == "export_statement":
            yield from _names(statement)
        elif kind in {"lexical_declaration", "variable_declaration"}:
            for declared in statement.named_children:
                name, value = (declared.child_by_field_name(part) for part in ("name", "value"))
                if name and value and name.type == "identifier":
                    yield _text(name), value
        elif kind == "function_declaration" and (name := statement.child_by_field_name("name")):
            yield _text(name), statement
        elif kind == "import_statement" and statement.named_children[0].named_children:
            yield _text(statement.named_children[0].named_children[0]), statement
        elif kind == "expression_statement" and (changed := _changed(statement)):
            yield _text(changed), statement


def _changed(statement: "Node") -> "Node | None":
    """Return what is given anew, or a member of it: what it holds then is not known."""
    assigned = statement.named_children[0] if statement.named_children else None
    target = assigned.child_by_field_name("left") if assigned else None
    while target and target.type == "member_expression":
        target = target.child_by_field_name("object")
    return target if target and target.type == "identifier" else None


def _exported(program: "Node") -> "Node | None":
    for statement in program.named_children:
        if statement.type == "export_statement" and (
            found := statement.child_by_field_name("value")
            or (
                statement.child_by_field_name("declaration")
                if any(child.type == "default" for child in statement.children)
                else None
            )
        ):
            return found
        if statement.type == "expression_statement" and statement.named_children:
            assigned = statement.named_children[0]
            target = assigned.child_by_field_name("left")
            if target and _text(target) in {"module.exports", "exports.default"}:
                return assigned.child_by_field_name("right")
    return None


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the values of expressions.

    Attributes:
        names: The expressions that names stand for.
        known: The values of names met before; a name met inside its own value is Unknown.
        returned: What functions return, by where they stand; each is read once.
    """

    names: "dict[str, Node]"
    known: dict[str, Value] = field(default_factory=dict)
    returned: dict[int, Value] = field(default_factory=dict)

    def value(self, node: "Node", depth: int) -> Value:
        """Return what an expression says."""
        if depth > _DEEPEST:
            return Unknown(_line(node))
        if node.type in _PLAIN and node.named_children:
            return self.value(node.named_children[0], depth + 1)
        if node.type in _WORDS:
            return _WORDS[node.type]
        read = {
            "string": self._string,
            "template_string": self._string,
            "object": self._object,
            "array": self._list,
            "identifier": self._name,
            "import_statement": self._module,
            "member_expression": self._member,
            "call_expression": self._call,
        }.get(node.type, self._computed)
        return read(node, depth)

    def called(self, node: "Node", depth: int) -> Value:
        """Return what a function returns, and of anything else its value."""
        while node.type in _PLAIN and node.named_children:
            node = node.named_children[0]
        if (
            node.type == "identifier"
            and depth <= _DEEPEST
            and (meant := self.names.get(_text(node)))
        ):
            return self.called(meant, depth + 1)
        return self._returned(node, depth) if node.type in _FUNCTIONS else self.value(node, depth)

    def _list(self, node: "Node", depth: int) -> list[Value]:
        return [self.value(item, depth + 1) for item in _without_comments(node)]

    def _object(self, node: "Node", depth: int) -> Record:
        members: dict[str, Value] = {}
        open_at: int | None = None
        for member in _without_comments(node):
            if member.type == "spread_element":
                spread = self.value(member.named_children[0], depth + 1)
                if isinstance(spread, Record):
                    members |= spread.members
                    open_at = open_at or spread.open_at
                else:
                    open_at = _line(member)
            elif member.type == "shorthand_property_identifier":
                members[_text(member)] = self._name(member, depth)
            else:
                name = member.child_by_field_name("key") or member.child_by_field_name("name")
                key = self._key(name, depth) if name else None
                value = member.child_by_field_name("value")
                if key is None:
                    open_at = _line(member)
                else:  # a method has no value
                    members[key] = self.value(value, depth + 1) if value else Unknown(_line(member))
        return Record(members, open_at)

    def _key(self, node: "Node", depth: int) -> str | None:
        if node.type == "computed_property_name":
            value = self.value(node.named_children[0], depth + 1)
        else:
            value = self._string(node, depth) if node.type == "string" else _text(node)
        return value if isinstance(value, str) else None

    def _string(self, node: "Node", depth: int) -> str | Unknown:
        parts: list[str] = []
        for part in node.named_children:
            if part.type == "string_fragment":
                parts.append(_text(part))
            elif part.type == "escape_sequence":
                parts.append(_ESCAPE.sub(_unescaped, _text(part)[1:]))
            elif part.type == "template_substitution":
                inside = self.value(part.named_children[0], depth + 1)
                if not isinstance(inside, str):
                    return Unknown(_line(part))
                parts.append(inside)
        text = whole("".join(parts))
        return text if len(text) <= _LONGEST_TEXT else Unknown(_line(node))

    def _returned(self, function: "Node", depth: int) -> Value:
        """Return what a function returns, if it ends with the one `return` it has."""
        body = function.child_by_field_name("body")
        if body is None or body.type != "statement_block":
            return self.value(body, depth + 1) if body else Unknown(_line(function))
        last = body.named_children[-1] if body.named_children else None
        if last is None or last.type != "return_statement" or not last.named_children:
            return Unknown(_line(function))
        place = function.start_byte
        if place not in self.returned:
            self.returned[place] = Unknown(_line(function))
            inner = _Reader(self.names | dict(_names(body)), returned=self.returned)
            self.returned[place] = inner.value(last.named_children[0], depth + 1)
        return self.returned[place]

    def _name(self, node: "Node", depth: int) -> Value:
        name = _text(node)
        if name not in self.known:
            self.known[name] = Unknown(_line(node))
            if meant := self.names.get(name):
                self.known[name] = self.value(meant, depth + 1)
        return self.known[name]

    def _module(self, node: "Node", depth: int) -> Module | Unknown:
        source = node.child_by_field_name("source")
        name = self._string(source, depth) if source else None
        return Module(name, _line(node)) if isinstance(name, str) else Unknown(_line(node))

    def _member(self, node: "Node", depth: int) -> Value:
        owner, name = (node.child_by_field_name(part) for part in ("object", "property"))
        record = self.value(owner, depth + 1) if owner else None
        if isinstance(record, Record) and name:
            return record.get(_text(name))
        return Unknown(_line(node))

    def _call(self, node: "Node", depth: int) -> Value:
        function, given = (node.child_by_field_name(part) for part in ("function", "arguments"))
        how = _text(function) if function else ""
        if how in {"require", "require.resolve"} and given and given.named_children:
            name = self.value(given.named_children[0], depth + 1)
            if isinstance(name, str):
                return Module(name, _line(node)) if how == "require" else name
        if function and function.type == "identifier" and how in self.names:
            return self.called(function, depth + 1)
        return Unknown(_line(node))

    def _computed(self, node: "Node", depth: int) -> Value:
        """Return `a + b` of texts, and of `process.env.A || b` what counts while A is unset."""
        left, right = (node.child_by_field_name(part) for part in ("left", "right"))
        sign = node.child_by_field_name("operator")
        if node.type != "binary_expression" or not left or not right or not sign:
            return Unknown(_line(node))
        first, second = self.value(left, depth + 1), self.value(right, depth + 1)
        if _text(sign) == "+" and isinstance(first, str) and isinstance(second, str):
            long = len(first) + len(second) > _LONGEST_TEXT  # doubled at each name, it never ends
            return Unknown(_line(node)) if long else first + second
        if _text(sign) in {"||", "??"} and _text(left).startswith("process.env"):
            return second
        return Unknown(_line(node))


def _without_comments(node: "Node") -> "Iterator[Node]":
    return (child for child in node.named_children if child.type != "comment")


def _unescaped(match: re.Match[str]) -> str:
    code = match["code"] or match["byte"]
    if code:
        return chr(min(int(code, 16), _LAST_CHARACTER))
    return _CONTROLS.get(match["one"], match["one"])


def _text(node: "Node") -> str:
    return node.text.decode() if node.text else ""


def _line(node: "Node") -> int:
    return node.start_point.row + 1
