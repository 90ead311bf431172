"""Letters: what a mail says, in plain text and HTML, from templates a site may replace.

A template is a text file with `$name` placeholders. `<type>.txt` opens with a line `Subject: …`
and an empty one; `<type>.html` says the same in HTML. All are read once, at the start, where a
missing or unknown placeholder is refused.
"""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

from service_kit.settings import BadSettings

TYPES = ("verification", "reset-password", "change-email", "delete-user")

_OURS = Path(__file__).parent / "templates"
_KNOWN = {"url", "site", "new_email"}


@dataclass(frozen=True, slots=True)
class Letter:
    """What is read by whom a mail reaches."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class LetterTemplate:
    """The three parts of a letter, placeholders open."""

    subject: Template
    text: Template
    html: Template


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Fills the templates of a site.

    Attributes:
        templates: One for each type of mail.
        site: The name the site goes by.
    """

    templates: Mapping[str, LetterTemplate]
    site: str

    def write(self, kind: str, url: str, new_email: str | None) -> Letter:
        """Return the letter of a mail.

        Nothing a user typed is in it but addresses: a name of one's choice would carry anybody's
        advertisement to anybody's mailbox.

        Args:
            kind: Type of the mail.
            url: The link.
            new_email: The address asked for, where it is being changed.
        """
        template = self.templates[kind]
        values = {"url": url, "site": self.site, "new_email": new_email or ""}
        escaped = {name: html.escape(value) for name, value in values.items()}
        return Letter(
            template.subject.substitute(values),
            template.text.substitute(values),
            template.html.substitute(escaped),
        )


def read_templates(folder: Path | None) -> Mapping[str, LetterTemplate]:
    """Read the templates.

    Args:
        folder: The site's own; what it lacks is taken from ours.

    Raises:
        BadSettings: The folder is not there, or a template in it cannot be used.
    """
    if folder is not None and not folder.is_dir():
        raise BadSettings("MAIL_TEMPLATES names a folder that is not there")
    return {kind: _read_template(kind, folder) for kind in TYPES}


def _read_template(kind: str, folder: Path | None) -> LetterTemplate:
    first, _, text = _read(f"{kind}.txt", folder).partition("\n\n")
    subject = first.removeprefix("Subject: ")
    if subject == first or "\n" in subject:
        raise BadSettings(f"The mail template {kind}.txt does not open with a line `Subject: …`")
    letter = LetterTemplate(
        Template(subject), Template(text), Template(_read(f"{kind}.html", folder))
    )
    for part, template in (("txt", letter.subject), ("txt", letter.text), ("html", letter.html)):
        _check(f"{kind}.{part}", template)
    for part, template in (("txt", letter.text), ("html", letter.html)):
        if "url" not in template.get_identifiers():
            raise BadSettings(f"The mail template {kind}.{part} lacks the link, $url")
    return letter


def _read(name: str, folder: Path | None) -> str:
    path = _OURS / name if folder is None or not (folder / name).exists() else folder / name
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(f"The mail template {name} cannot be read") from error


def _check(name: str, template: Template) -> None:
    if not template.is_valid():
        raise BadSettings(f"The mail template {name} holds a lone $; write $$ for a dollar sign")
    if unknown := set(template.get_identifiers()) - _KNOWN:
        raise BadSettings(f"The mail template {name} asks for an unknown ${min(unknown)}")
