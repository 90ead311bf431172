"""`python -m benchmarks.images`: how large the images are, and the ten largest packages of each.

Exits with 1 where an image is larger than it may be. Needs Docker, and images that were built.
"""

import inspect
import subprocess
import sys
from importlib import metadata
from pathlib import Path

MOST = {"ai-book-auth": 260, "ai-book-api": 420}
"""Most megabytes of each image."""

SHOWN = 10


def main() -> int:
    """Print the sizes; return the exit status."""
    status = 0
    for image, most in MOST.items():
        found = _run("image", "inspect", "-f", "{{.Size}}", image)
        if found is None:
            sys.stderr.write(f"There is no image {image}; `make up` builds it.\n")
            return 1
        size = int(found) / 1e6
        sys.stdout.write(f"{image}: {size:.0f} MB, at most {most}\n")
        listed = _run("run", "--rm", "--entrypoint", "python", image, "-c", _PROGRAM)
        sys.stdout.write(listed or "  its packages cannot be listed\n")
        if size > most:
            status = 1
    return status


def largest(number: int) -> list[tuple[float, str]]:
    """Return the largest packages installed here, megabytes and name and version."""
    sizes: list[tuple[float, str]] = []
    for package in metadata.distributions():
        paths = [Path(str(file.locate())) for file in package.files or ()]
        total = sum(path.stat().st_size for path in paths if path.is_file())
        sizes.append((total / 1e6, f"{package.name} {package.version}"))
    return sorted(sizes, reverse=True)[:number]


# The images hold nothing of this package, so they are told what to do.
_PROGRAM = f"""
from importlib import metadata
from pathlib import Path

{inspect.getsource(largest)}

for size, name in largest({SHOWN}):
    print(f"{{size:8.1f}} MB  {{name}}")
"""


def _run(*arguments: str) -> str | None:
    done = subprocess.run(  # noqa: S603 -- our own command
        ["docker", *arguments],  # noqa: S607 -- wherever it is installed
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout if done.returncode == 0 else None


if __name__ == "__main__":
    sys.exit(main())
