from tests.api_service.ingestion.loaders.test_mdx import convert


def test_an_html_table_becomes_a_markdown_table() -> None:
    source = """<table>
  <thead><tr><th>Name</th><th>Default</th></tr></thead>
  <tbody>
    <tr><td>
      <code>size</code>
    </td><td>a|b
      c</td></tr>
  </tbody>
</table>"""
    assert convert(source) == "| Name | Default |\n| --- | --- |\n| `size` | a/b c |"


def test_an_html_table_with_code_blocks_keeps_them_whole() -> None:
    source = "<table><tr><td>One</td><td>\n\n```\na\nb\n```\n\n</td></tr></table>"
    assert convert(source) == "One\n\n```\na\nb\n```"
