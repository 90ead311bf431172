import pytest

from api_service.ingestion.loaders.configuration import Module, Record, Unknown, Value, read


def setting(expression: str, *, before: str = "") -> Value:
    """Return what a configuration is read to say, whose one setting is an expression."""
    said = read(f"{before}\nexport default {{ it: {expression} }};")
    assert isinstance(said, Record)
    return said.get("it")


@pytest.mark.parametrize(
    "source",
    [
        "module.exports = {a: 'b'};",
        "exports.default = {a: 'b'};",
        "export default {a: 'b'};",
        "const c = {a: 'b'}; module.exports = c;",
        "export const c = {a: 'b'}; export default c;",
        "import type {C} from '@docusaurus/types';\nconst c: C = {a: 'b'};\nexport default c;",
        "export default {a: 'b'} satisfies Config;",
        "export default ({a: 'b'} as Config);",
        "module.exports = async function () { return {a: 'b'}; };",
        "export default async function config() { const a = 'b'; return {a}; }",
        "export default () => ({a: 'b'});",
        "const make = () => ({a: 'b'});\nexport default make();",
        "async function make() { return {a: 'b'}; }\nmodule.exports = make;",
        "// a remark\nexport default {\n  // another\n  'a': 'b', // and more\n};",
    ],
)
def test_what_is_exported_is_read_however_it_is_written(source: str) -> None:
    assert read(source) == Record({"a": "b"})


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("'text'", "text"),
        (r'"a\u0062\x63\n\u{1F600}\q"', "abc\n😀q"),
        ("`plain`", "plain"),
        ("`/${part}/`", "/docs/"),
        ("'/' + part", "/docs"),
        ("part", "docs"),
        ("shared.path", "shelf"),
        ("true", True),
        ("false", False),
        ("null", None),
        ("undefined", None),
        ("process.env.BASE || '/'", "/"),
        ("process.env.BASE ?? '/'", "/"),
        ("require.resolve('a-module')", "a-module"),
        ("require('a-module')", Module("a-module", 3)),
        ("imported", Module("./elsewhere", 1)),
        ("['a', /* b */ 'c']", ["a", "c"]),
        ("({...shared, more: 'x'})", Record({"path": "shelf", "more": "x"})),
        ("({[part]: 'x'})", Record({"docs": "x"})),
        ("('a' as const)", "a"),
        ("part!", "docs"),
    ],
)
def test_what_is_written_down_is_read(expression: str, value: Value) -> None:
    before = (
        "import imported from './elsewhere';\n"
        "const part = 'docs', shared = {path: 'shelf'}; let late;"
    )
    assert setting(expression, before=before) == value


@pytest.mark.parametrize(
    "expression",
    [
        "process.env.BASE",
        "process.env.ON ? '/a' : '/b'",
        "compute('x')",
        "elsewhere.x.y",
        "missing",
        "`/${missing}`",
        "'a' + missing",
        "(name) => ({filename: name})",
        "function () { return 'x'; }",
        "changed",
        "touched",
        "itself",
        "1",
        "[...missing]['x']",
        "/a/",
    ],
)
def test_what_only_running_tells_is_unknown_with_its_line(expression: str) -> None:
    before = (
        "const elsewhere = require('./x');let changed = 'a';changed = 'b';"
        "const touched = {};touched.a = 'b';const itself = itself;"
    )
    assert isinstance(found := setting(expression, before=before), Unknown)
    assert found.line in {1, 2}


def test_a_member_that_may_be_spread_in_is_unknown_and_others_count() -> None:
    said = read("export default {\n  a: 'b',\n  ...missing,\n};")
    assert isinstance(said, Record)
    assert (said.get("a"), said.get("c")) == ("b", Unknown(3))


def test_a_method_is_no_value() -> None:
    said = read("export default {\n  a() { return 'b'; },\n};")
    assert said == Record({"a": Unknown(2)})


@pytest.mark.parametrize(
    "source",
    [
        "",
        "{{{",
        "export default",
        "export default 'text';",
        "module.exports = build(1);",
        "export default function () { if (x) { return {}; } }",
        "export default function () {}",
        "import",
        "\0",
        "const a = " + "[" * 3000,
        f"export default {'(' * 3000}1{')' * 3000};",
    ],
)
def test_a_file_that_exports_nothing_readable_is_unknown_as_a_whole(source: str) -> None:
    assert isinstance(read(source), Unknown)


def test_values_nested_too_deep_are_unknown() -> None:
    said = setting("[" * 500 + "]" * 500)
    for _ in range(50):
        assert isinstance(said, list)
        (said,) = said


def test_constants_made_of_one_another_are_read_once() -> None:
    names = [f"const a{n} = [a{n - 1}, a{n - 1}];" for n in range(1, 50)]
    assert isinstance(setting("a49", before=f"const a0 = 'x';{''.join(names)}"), list)


def test_an_error_of_syntax_leaves_the_rest_readable() -> None:
    said = read("export default {\n  a: 'b',\n  c: @@,\n  d: 'e',\n};")
    assert isinstance(said, Record)
    assert said.get("a") == "b"


def test_functions_made_of_one_another_are_read_once() -> None:
    made = [f"function f{n}() {{ return [f{n + 1}(), f{n + 1}()]; }}" for n in range(40)]
    assert isinstance(setting("f0()", before="".join([*made, "const f40 = 'x';"])), list)


def test_a_text_that_doubles_with_every_name_is_unknown() -> None:
    for double in ("a{0} + a{0}", "`${{a{0}}}${{a{0}}}`"):
        names = [f"const a{n + 1} = {double.format(n)};" for n in range(28)]
        assert isinstance(setting("a28", before=f"const a0 = 'x';{''.join(names)}"), Unknown)


def test_half_a_character_is_replaced() -> None:
    assert setting(r"'\ud800a'") == "\ufffda"
    assert setting(r"'\ud83d\ude00'") == "\U0001f600"
