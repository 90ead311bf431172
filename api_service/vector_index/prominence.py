"""How far the nearest passage stands out: what cosines say of a question, whatever the embedder.

Cosines of one embedder lie between .1 and .6, of another between .7 and .9, so that no threshold
holds for both. How far the best is ahead of the middle of the nearest, as a part of the way from
there to a perfect match, is the same for embedders whose cosines differ by such a scale alone.
"""

import statistics
from collections.abc import Iterable

NEAREST = 50
"""Passages whose middle is compared with."""

LEAST = 20
"""Passages from which they have a middle worth the name."""


def prominence(cosines: Iterable[float], of: float | None = None) -> float | None:
    """Return how far one of some cosines stands out, at most 1; None of fewer than LEAST.

    Args:
        cosines: Of the passages nearest to something.
        of: The one that is asked about; None: the best.
    """
    nearest = sorted(cosines, reverse=True)[:NEAREST]
    middle = statistics.median(nearest) if len(nearest) >= LEAST else 1.0
    if middle >= 1:
        return None
    return ((nearest[0] if of is None else of) - middle) / (1 - middle)
