"""`python -m tests.ops.pictures`: the dashboard as pictures, of both services in use.

Each row of the dashboard becomes an SVG in docs/pictures, drawn from a real Prometheus's answers to
the panels' own expressions. `make pictures` takes three minutes.
"""

import asyncio
import math
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from tests.ops.dashboard import Panel, asked, legend, panels
from tests.ops.monitored import monitored, used
from tests.ops.prometheus_server import CHECKOUT

FOLDER = CHECKOUT / "docs" / "pictures"
SECONDS = 150.0
WINDOW = "15s"
STEP = 1.0
"""Seconds from one value to the next."""

WIDTH, HEIGHT, COLUMNS = 330, 240, 3
LONGEST_TITLE = 44
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 16, 34, 72  # around the plot of a panel
_COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17a2b8", "#8c564b", "#7f7f7f")
_PEN = 'fill="none" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round"'
_FONT = 'font-family="sans-serif" font-size="10" fill="#333"'
_MOST = len(_COLOURS)
_LONGEST_LEGEND = 26


@dataclass(frozen=True, slots=True)
class Line:
    """One series: its legend, and its values by seconds since the start."""

    legend: str
    values: tuple[tuple[float, float], ...]

    @property
    def highest(self) -> float:
        return max((value for _, value in self.values), default=0.0)

    def runs(self) -> Iterator[list[tuple[float, float]]]:
        """Yield the values that follow each other without a gap, in which there were none."""
        run: list[tuple[float, float]] = []
        for at, value in self.values:
            if run and at - run[-1][0] > 1.5 * STEP:
                yield run
                run = []
            run.append((at, value))
        if run:
            yield run


def drawn(row: Sequence[tuple[Panel, Sequence[Line]]], seconds: float) -> str:
    """Return a row of panels as one SVG.

    Args:
        row: The panels and what they show.
        seconds: What the time axis is long.
    """
    rows = math.ceil(len(row) / COLUMNS)
    width, height = COLUMNS * WIDTH, rows * HEIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" {_FONT}>',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    for place, (panel, lines) in enumerate(row):
        x, y = place % COLUMNS * WIDTH, place // COLUMNS * HEIGHT
        parts += [f'<g transform="translate({x} {y})">', *_panel(panel, lines, seconds), "</g>"]
    return "\n".join([*parts, "</svg>\n"])


def _panel(panel: Panel, lines: Sequence[Line], seconds: float) -> list[str]:
    if len(lines) > _MOST:
        lines = sorted(lines, key=lambda line: line.highest, reverse=True)[:_MOST]
    highest = max((line.highest for line in lines), default=0.0)
    step = _step(highest / 4)
    top = step * max(1, math.ceil(highest / step))
    plot_width, plot_height = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM

    def across(second: float) -> float:
        return round(_LEFT + second / seconds * plot_width, 1)

    def up(value: float) -> float:
        return round(_TOP + plot_height * (1 - value / top), 1)

    parts = [f'<text x="8" y="20" font-size="12" font-weight="bold">{escape(panel.title)}</text>']
    for number in range(round(top / step) + 1):
        height = up(number * step)
        parts += [
            f'<path d="M{_LEFT} {height}H{WIDTH - _RIGHT}" stroke="#e5e5e5"/>',
            _text(_LEFT - 5, height + 3, _amount(number * step, panel.unit), "end"),
        ]
    for second in range(0, int(seconds) + 1, 30):
        clock = f"{second // 60}:{second % 60:02}"
        parts.append(_text(across(second), _TOP + plot_height + 13, clock, "middle"))
    for place, line in enumerate(lines):
        colour = _COLOURS[place]
        for run in line.runs():
            # One value alone is a dot.
            points = " ".join(f"{across(at)},{up(value)}" for at, value in (run[0], *run))
            parts.append(f'<polyline points="{points}" stroke="{colour}" {_PEN}/>')
        x = 8 + place % 2 * (WIDTH // 2 - 4)
        y = HEIGHT - _BOTTOM + 28 + place // 2 * 11
        told = line.legend
        if len(told) > _LONGEST_LEGEND:
            told = f"{told[: _LONGEST_LEGEND - 1]}…"
        parts.append(f'<text x="{x}" y="{y}" fill="{colour}">■ {escape(told)}</text>')
    return parts


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'


def _step(least: float) -> float:
    """Return the least of 1, 2 and 5 by powers of ten that is not below."""
    if least <= 0:
        return 0.25
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * each for each in (1, 2, 5, 10) if power * each >= least * 0.999)


def _amount(value: float, unit: str) -> str:
    match unit:
        case "s" if 0 < value < 1:
            return f"{value * 1000:g} ms"
        case "s":
            return f"{value:g} s"
        case "bytes":
            return f"{value / 1_000_000:g} MB"
        case "percentunit":
            return f"{value * 100:g} %"
        case "currencyUSD":
            return f"${value:g}"
        case _:
            return f"{value:g}"


async def main() -> int:
    """Use both services, and draw what the dashboard shows of it."""
    rows: dict[str, list[tuple[Panel, list[Line]]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        async with monitored(Path(folder)) as site:
            await used(site, SECONDS, readers=4)
            end = time.time()
            for panel in panels():
                lines = [
                    Line(legend(template, of), _finite(values, site.began))
                    for expression, template in panel.targets
                    for of, values in site.prometheus.series(
                        asked(expression, WINDOW), site.began, end, STEP
                    )
                ]
                rows.setdefault(panel.row, []).append((panel, lines))
    FOLDER.mkdir(exist_ok=True)
    for name, row in rows.items():
        path = FOLDER / f"operating-{name.lower()}.svg"
        path.write_text(drawn(row, end - site.began), encoding="utf-8")
        print(path.relative_to(CHECKOUT))  # noqa: T201 -- a command for a terminal
    return 0


def _finite(values: Sequence[tuple[float, float]], began: float) -> tuple[tuple[float, float], ...]:
    return tuple((at - began, value) for at, value in values if math.isfinite(value))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
