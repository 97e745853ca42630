"""A line over logarithmic axes as a small SVG picture, for pages that show pictures and run no script."""

from __future__ import annotations

import math
from collections.abc import Sequence

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 420, 240, 56, 16, 28, 44
COLOUR = "#0072B2"


def chart(xs: Sequence[float], ys: Sequence[float], x_label: str, y_label: str) -> str:
    """Points (x, y), all above 0, joined by a line; a grey line grows in proportion to x from the last point back."""
    x_low, x_high = math.log(min(xs)), math.log(max(xs))
    floor, ceiling = math.floor(math.log10(min(ys))), math.ceil(math.log10(max(ys)))
    ceiling += ceiling == floor

    def across(x: float) -> float:
        return LEFT + (math.log(x) - x_low) / (x_high - x_low) * (WIDTH - LEFT - RIGHT)

    def down(y: float) -> float:
        return TOP + (ceiling - math.log10(y)) / (ceiling - floor) * (HEIGHT - TOP - BOTTOM)

    begin = max(xs[0], xs[-1] * 10.0**floor / ys[-1])  # where the grey line meets the floor
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        'font-family="sans-serif" font-size="12" fill="#444">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="8" y="16">{y_label}</text>',
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 8}" text-anchor="middle">{x_label}</text>',
    ]
    for power in range(floor, ceiling + 1):
        y = down(10.0**power)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:g}</text>')
    parts += [f'<text x="{across(x):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{x:g}</text>' for x in xs]
    proportional = f"M{across(begin):.1f} {down(ys[-1] * begin / xs[-1]):.1f}L{across(xs[-1]):.1f} {down(ys[-1]):.1f}"
    parts.append(f'<path d="{proportional}" stroke="#aaa" stroke-dasharray="4 3" fill="none"/>')
    points = [(across(x), down(y)) for x, y in zip(xs, ys, strict=True)]
    line = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    parts.append(f'<path d="M{line}" stroke="{COLOUR}" stroke-width="2" fill="none"/>')
    parts += [
        f'<circle cx="{across(x):.1f}" cy="{down(y):.1f}" r="3" fill="{COLOUR}"/>' for x, y in zip(xs, ys, strict=True)
    ]
    return "\n".join([*parts, "</svg>"]) + "\n"
