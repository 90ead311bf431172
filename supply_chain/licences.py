"""`python -m supply_chain.licences`: list the licences of what is shipped; exit 1 where one is new.

It asks the packages installed here, no registry. Licences that ask more of a site's owner than a
notice are for people to decide about: then the package goes, or its licence into ALLOWED.
"""

import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, metadata

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from supply_chain.locks import packages

ALLOWED = frozenset(
    {
        *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0"),
        *("MIT", "MIT-0", "PSF-2.0", "Zlib"),
        "MPL-2.0",  # of certifi, a list of certificates, which nobody here changes
    }
)

OTHER_WORDS = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "BSD-3-Clause, Apache-2.0, dependency licenses": "BSD-3-Clause AND Apache-2.0",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
"""What packages older than licence expressions (PEP 639) call theirs."""


def licence_of(package: str) -> str:
    """Return the licence of an installed package as an SPDX expression, or "" where it says none.

    Raises:
        PackageNotFoundError: It is not installed; some are for other systems.
    """
    told = metadata(package)
    classifiers = [line.rpartition(" :: ")[2] for line in told.get_all("Classifier") or ()]
    said = (told["License-Expression"], told["License"], *classifiers)
    for words in said:
        try:
            return canonicalize_license_expression(OTHER_WORDS.get(words or "", words or ""))
        except InvalidLicenseExpression:
            continue
    return ""


def is_allowed(expression: str) -> bool:
    """Tell whether a licence is among those allowed: all parts of it, or one to choose."""
    choices = expression.replace("(", "").replace(")", "").split(" OR ")
    return any(set(choice.split(" AND ")) <= ALLOWED for choice in choices)


def main(say: Callable[[str], object] = print) -> int:
    """List all; return the exit status."""
    unknown = []
    for name, version in packages().items():
        try:
            licence = licence_of(name)
        except PackageNotFoundError:
            say(f"{name:40} {version:12} not installed on this system")
            continue
        say(f"{name:40} {version:12} {licence or 'says none'}")
        if not is_allowed(licence):
            unknown.append(name)
    if unknown:
        say(f"To be decided about, see supply_chain/licences.py: {', '.join(unknown)}")
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main())
