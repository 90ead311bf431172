from standalone.greeting import CALLS
from tests.journeys.readme import CHECKOUT, commands, pages

# Each section with commands, by its page and in their order, and the test that runs them.
COVERED = {
    "README.md": {
        "Start": "test_make_run.py",
        "Four calls to an answer": "test_make_run.py and test_compose.py",
        "Your own book": "test_make_run.py",
        "In containers": "test_compose.py",
        "Tests": "CI, which runs this very command",
    },
    "docs/accounts.md": {
        "Sign in again": "test_readme_walk.py",
        "Refresh tokens": "test_readme_walk.py",
        "Tokens anybody can check": "test_readme_walk.py",
        "Roles and admins": "test_readme_walk.py",
        "API keys": "test_readme_walk.py",
        "Sign-out reaches api-service": "test_readme_walk.py",
        "Sign in with Google or GitHub": "test_oauth_walk.py",
    },
    "docs/backup.md": {
        "Back up and restore": "test_backup.py",
        "What expires": "test_backup.py",
        "One person's data": "test_backup.py",
    },
    "docs/book.md": {
        "Several books": "test_local_search_walk.py",
        "How well it is cut": "test_make_run.py",
        "Search without a key": "test_local_search_walk.py",
        "How well questions find their passages": "test_local_search_walk.py",
        "Questions of your own": "test_local_search_walk.py",
    },
    "docs/containers.md": {"Your book": "test_compose.py"},
    "docs/endpoints.md": {"As it comes about": "test_make_run.py"},
    "docs/scaling.md": {"Several of each service": "test_scale.py"},
}


def test_every_command_of_the_readme_and_the_pages_is_run_by_a_test() -> None:
    found = {page: list(sections) for page in pages() if (sections := commands(page))}

    assert found == {page: list(sections) for page, sections in COVERED.items()}


def test_every_program_in_python_is_run_by_a_test() -> None:
    found = {page: list(sections) for page in pages() if (sections := commands(page, "python"))}

    assert found == {"docs/endpoints.md": ["OpenAI's clients"]}  # test_make_run.py


def test_the_greeting_shows_the_calls_of_the_readme() -> None:
    shown = CALLS.format(auth="http://127.0.0.1:3001", api="http://127.0.0.1:8000")
    calls = [line for line in shown.splitlines() if line and not line.startswith("#")]

    assert calls == "".join(commands()["Four calls to an answer"]).splitlines()


def test_the_tests_are_run_in_ci_as_the_readme_says() -> None:
    (block,) = commands()["Tests"]

    assert block in (CHECKOUT / ".ci" / "run").read_text(encoding="utf-8")
