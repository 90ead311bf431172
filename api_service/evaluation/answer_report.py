"""What `book-eval answers` prints."""

from collections.abc import Iterable, Iterator, Sequence

from api_service.chat.evidence import ENOUGH, ENOUGH_BY_BOTH
from api_service.evaluation.answers import Asked, Outcome

_CURVE = (0.2, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8)


DEARER = 3
"""A refusal of what the book answers costs so many answers to what it does not, where a threshold
is chosen on data."""


def report(asked: Asked) -> str:
    """Return the figures: what was refused, how citations hold, and the gate's curve.

    Below it stands what the gate refuses of each half at the threshold chosen on the other.
    """
    kinds = (
        ("answerable", asked.answerable),
        ("near, not covered", asked.near),
        ("of other sets", asked.far),
    )
    lines = [f"answered by {asked.model}, retrieval {asked.retrieval}"]
    lines += [
        f"{name:<22}{_share(each.refused for each in outcomes)}  of {len(outcomes)} refused"
        for name, outcomes in kinds
        if outcomes
    ]
    answered = [each for each in asked.answerable if not each.refused]
    lines += _refusals(asked)
    lines += _citations(asked)
    if answered:
        lines.append(f"{'cites a relevant one':<22}{_share(each.relevant for each in answered)}")
    if right := [each.right for each in answered if each.right is not None]:
        lines.append(f"{'holds an answer':<22}{_share(right)}")
    return "".join(f"{line}\n" for line in (*lines, *_curve(asked), *_held_out(asked)))


def _refusals(asked: Asked) -> Iterator[str]:
    if not asked.far:
        return
    right = sum(each.refused for each in asked.far)
    wrong = sum(each.refused for each in asked.answerable)
    yield f"{'refusal precision':<22}{_part(right, right + wrong)}  refusals right, of all"
    yield f"{'refusal recall':<22}{_part(right, len(asked.far))}  of other sets' questions refused"


def _citations(asked: Asked) -> Iterator[str]:
    if asked.citation_precision is not None:
        cited = sum(each.cited for each in (*asked.answerable, *asked.near, *asked.far))
        name, precision = "citation precision", asked.citation_precision
        yield f"{name:<22}{precision:.4f}  supported, of {cited} citations"


def _curve(asked: Asked) -> Iterator[str]:
    """Yield what the gate alone would refuse, by its threshold."""
    yield "gate at      answerable     near      far  refused"
    chosen = ENOUGH if asked.retrieval == "bm25" else ENOUGH_BY_BOTH
    for threshold in _CURVE:
        shares = (
            _share(not each.evidence.reaches(threshold) for each in outcomes)
            for outcomes in (asked.answerable, asked.near, asked.far)
        )
        mark = "*" if threshold == chosen else " "
        first, *rest = shares
        yield f"{threshold:6.2f}{mark}{first:>16}" + "".join(f"{each:>9}" for each in rest)


def _held_out(asked: Asked) -> Iterator[str]:
    """Yield what the gate refuses of one half at the threshold chosen on the other."""
    for half in (0, 1):
        own, far = (
            [[each for each in kind if each.half == part] for part in (1 - half, half)]
            for kind in (asked.answerable, asked.far)
        )
        if not (own[0] and far[0] and own[1] and far[1]):
            return
        chosen = min(_CURVE, key=lambda each: _cost(own[0], far[0], each))
        refused = [
            _share(not each.evidence.reaches(chosen) for each in outcomes)
            for outcomes in (own[1], far[1])
        ]
        yield f"{chosen:6.2f} {refused[0]:>16}{'':>9}{refused[1]:>9}  chosen on the other half"


def _cost(own: Sequence[Outcome], far: Sequence[Outcome], threshold: float) -> float:
    refused = sum(not each.evidence.reaches(threshold) for each in own) / len(own)
    passed = sum(each.evidence.reaches(threshold) for each in far) / len(far)
    return DEARER * refused + passed


def _share(flags: Iterable[bool]) -> str:
    flags = list(flags)
    return _part(sum(flags), len(flags))


def _part(part: int, whole: int) -> str:
    return f"{part / whole:.4f}" if whole else "-"
