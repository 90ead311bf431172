"""One page holds every report; each benchmark replaces its own part of it."""

import re
from pathlib import Path


def write_part(page: Path, command: str, text: str) -> None:
    """Write a report into a page, in the place of the same command's last one, or at the end.

    Args:
        page: Exists.
        command: That made the report, such as "make bench-auth".
        text: The report, headings from the second level down.
    """
    begin, end = f"<!-- {command} -->", f"<!-- end of {command} -->"
    part = f"{begin}\n\n{text.strip()}\n\n{end}"
    whole = page.read_text(encoding="utf-8")
    found = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if found.search(whole):
        written = found.sub(lambda _: part, whole)
    else:
        written = f"{whole.rstrip()}\n\n{part}\n"
    page.write_text(written, encoding="utf-8")
