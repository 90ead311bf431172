"""What `book-eval answers` prints."""

from collections.abc import Iterable, Iterator

from api_service.chat.evidence import ENOUGH, ENOUGH_BY_BOTH
from api_service.evaluation.answers import Asked, Outcome

_CURVE = (0.2, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8)


def report(asked: Asked) -> str:
    """Return the figures: what was refused, how citations hold, and the gate's curve."""
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
    lines += _citations([*asked.answerable, *asked.near, *asked.far])
    if answered:
        lines.append(f"{'cites a relevant one':<22}{_share(each.relevant for each in answered)}")
    if right := [each.right for each in answered if each.right is not None]:
        lines.append(f"{'holds an answer':<22}{_share(right)}")
    return "".join(f"{line}\n" for line in (*lines, *_curve(asked)))


def _refusals(asked: Asked) -> Iterator[str]:
    if not asked.far:
        return
    right = sum(each.refused for each in asked.far)
    wrong = sum(each.refused for each in asked.answerable)
    yield f"{'refusal precision':<22}{_part(right, right + wrong)}  refusals right, of all"
    yield f"{'refusal recall':<22}{_part(right, len(asked.far))}  of other sets' questions refused"


def _citations(outcomes: Iterable[Outcome]) -> Iterator[str]:
    cited = supported = 0
    for each in outcomes:
        cited += each.cited
        supported += each.supported
    if cited:
        precision = _part(supported, cited)
        yield f"{'citation precision':<22}{precision}  supported, of {cited} citations"


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


def _share(flags: Iterable[bool]) -> str:
    flags = list(flags)
    return _part(sum(flags), len(flags))


def _part(part: int, whole: int) -> str:
    return f"{part / whole:.4f}" if whole else "-"
