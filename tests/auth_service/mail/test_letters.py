from pathlib import Path
from typing import get_args

import pytest

from auth_service.mail import MailType
from auth_service.mail.letters import TYPES, Letterhead, read_templates
from service_kit.settings import BadSettings


def test_there_is_a_letter_for_every_type_of_mail() -> None:
    assert set(TYPES) == set(get_args(MailType))
    letterhead = Letterhead(read_templates(None), "The Book")
    for kind in TYPES:
        letter = letterhead.write(kind, "http://site/?a=1&b=2", "new@example.com")
        assert "The Book" in letter.subject
        assert "http://site/?a=1&b=2" in letter.text
        assert 'href="http://site/?a=1&amp;b=2"' in letter.html
        assert "$" not in letter.subject + letter.text + letter.html


def test_a_change_of_address_names_the_new_one() -> None:
    letter = Letterhead(read_templates(None), "B").write("change-email", "u", "new@example.com")
    assert "new@example.com" in letter.text
    assert "new@example.com" in letter.html


def test_a_site_replaces_the_templates_it_likes_to(tmp_path: Path) -> None:
    (tmp_path / "verification.txt").write_text("Subject: Hallo von $site\n\nHier: $url, 5 $$\n")
    (tmp_path / "reset-password.html").write_text("<p>$url</p>")
    letterhead = Letterhead(read_templates(tmp_path), "<B>")
    own = letterhead.write("verification", "http://site/", None)
    assert (own.subject, own.text) == ("Hallo von <B>", "Hier: http://site/, 5 $\n")
    assert "&lt;B&gt;" in own.html
    mixed = letterhead.write("reset-password", "http://site/?a&b", None)
    assert mixed.html == "<p>http://site/?a&amp;b</p>"
    assert "Choose a new password" in mixed.subject


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("verification.txt", "No subject\n\n$url", "does not open with a line"),
        ("verification.txt", "Subject: a\nmore\n\n$url", "does not open with a line"),
        ("verification.txt", "Subject: a\n\nno link", "lacks the link"),
        ("delete-user.html", "<p>no link</p>", "lacks the link"),
        ("delete-user.html", "<p>$url $name</p>", r"unknown \$name"),
        ("delete-user.html", "<p>$url 5 $ a month</p>", r"lone \$"),
        ("delete-user.html", b"\xff", "cannot be read"),
    ],
)
def test_a_template_that_cannot_be_used_is_named(
    tmp_path: Path, name: str, content: str | bytes, complaint: str
) -> None:
    data = content.encode() if isinstance(content, str) else content
    (tmp_path / name).write_bytes(data)
    with pytest.raises(BadSettings, match=complaint) as refused:
        read_templates(tmp_path)
    assert name in str(refused.value)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="MAIL_TEMPLATES"):
        read_templates(tmp_path / "none")
