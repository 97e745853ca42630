"""The frame of a small SVG picture with a logarithmic axis, for pages that show pictures and run no script."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

#: Colours that are told apart without red and green, and the shapes that go with them.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
INK, FAINT = "#444", "#ddd"


@dataclass(frozen=True)
class Log:
    """A logarithmic axis from ``low`` to ``high`` over the pixels from ``start`` to ``end``."""

    low: float
    high: float
    start: float
    end: float

    def place(self, value: float) -> float:
        """Where a value lies; one beyond the axis at its end."""
        share = (math.log(max(value, self.low)) - math.log(self.low)) / (math.log(self.high) - math.log(self.low))
        return self.start + min(1.0, max(0.0, share)) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Values of 1, 2 and 5 times a power of ten on the axis."""
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        found = [factor * 10.0**power for power in powers for factor in (1, 2, 5)]
        return [value for value in found if self.low <= value * (1 + 1e-9) and value <= self.high * (1 + 1e-9)]


def axis(values: Sequence[float], start: float, end: float) -> Log:
    """The axis on which some values have room; zero, which has no place on it, lies at its beginning."""
    positive = [value for value in values if value > 0] or [1.0]
    return Log(min(positive) / 1.15, max(positive) * 1.15, start, end)


def text(x: float, y: float, words: str, anchor: str = "start", colour: str = "") -> str:
    """Words at a place."""
    safe = words.replace("&", "&amp;").replace("<", "&lt;")
    shade = f' fill="{colour}"' if colour else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{shade}>{safe}</text>'


def path(points: Sequence[tuple[float, float]], colour: str, width: float = 1.0, dash: str = "") -> str:
    """A line through points."""
    way = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<path d="M{way}" stroke="{colour}" stroke-width="{width:g}" fill="none"{dashed}/>'


def dot(x: float, y: float, colour: str) -> str:
    """A round point."""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>'


def mark(x: float, y: float, number: int) -> str:
    """A point; the shape and the colour are those of the series of that number."""
    colour = COLOURS[number % len(COLOURS)]
    shapes = (
        dot(x, y, colour),
        f'<rect x="{x - 3:.1f}" y="{y - 3:.1f}" width="6" height="6" fill="{colour}"/>',
        f'<path d="M{x:.1f} {y - 4:.1f}l4 7h-8z" fill="{colour}"/>',
        f'<path d="M{x:.1f} {y - 4.5:.1f}l4.5 4.5l-4.5 4.5l-4.5 -4.5z" fill="{colour}"/>',
    )
    return shapes[number % len(shapes)]


def picture(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    """A whole picture on a white ground; the title is for those who do not see it."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}" role="img" font-family="sans-serif" font-size="12" fill="{INK}">'
    )
    ground = f'<rect width="{width:g}" height="{height:g}" fill="#fff"/>'
    return "\n".join([head, f"<title>{title}</title>", ground, *parts, "</svg>"]) + "\n"
