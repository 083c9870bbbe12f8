# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Growth curves as SVG: milliseconds over the number of stored credentials, both in powers of ten."""

from __future__ import annotations

import math
from html import escape

WIDTH, HEIGHT = 820, 460
LEFT, RIGHT, TOP, BOTTOM = 70, 250, 30, 50
COLOURS = ["#1b6ac9", "#2a9d5c", "#7b4bb7", "#0f8f9c", "#c2571a", "#c2251a", "#b08a00"]
OURS = "Credential"  # in the names of what felucca does


def amount(msec: float) -> str:
    return f"{msec:g} ms" if msec < 1000 else f"{msec / 1000:g} s"


class Axes:
    """From sizes and milliseconds to places on the sheet."""

    def __init__(self, curves: dict[str, dict[int, float]]):
        sizes = [size for curve in curves.values() for size in curve]
        values = [value for curve in curves.values() for value in curve.values()]
        self.x_min, self.x_max = math.log10(min(sizes)), math.log10(max(sizes))
        self.y_min, self.y_max = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))

    def x(self, size: float) -> float:
        return LEFT + (math.log10(size) - self.x_min) / (self.x_max - self.x_min or 1) * (WIDTH - LEFT - RIGHT)

    def y(self, msec: float) -> float:
        return HEIGHT - BOTTOM - (math.log10(msec) - self.y_min) / (self.y_max - self.y_min or 1) * (HEIGHT - TOP - BOTTOM)

    def grid(self) -> list[str]:
        lines = []
        for power in range(self.y_min, self.y_max + 1):
            y = self.y(10 ** power)
            lines.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#ddd"/>')
            lines.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{amount(10.0 ** power)}</text>')
        for power in range(round(self.x_min), round(self.x_max) + 1):
            x = self.x(10 ** power)
            lines.append(f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{HEIGHT - BOTTOM}" stroke="#eee"/>')
            lines.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{10 ** power}</text>')
        lines.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 10}" text-anchor="middle">stored credentials</text>')
        return lines


def label_places(ends: list[float]) -> list[float]:
    """Where labels go so that none lies on another; in the order given."""
    places: dict[int, float] = {}
    last = -math.inf
    for index in sorted(range(len(ends)), key=ends.__getitem__):
        last = max(ends[index], last + 16)
        places[index] = last
    return [places[index] for index in range(len(ends))]


def draw(curves: dict[str, dict[int, float]]) -> str:
    """The whole sheet."""
    axes = Axes(curves)
    names = list(curves)
    ends = [axes.y(curves[name][max(curves[name])]) for name in names]
    lines = axes.grid()
    for name, colour, place in zip(names, COLOURS, label_places(ends)):
        points = [(axes.x(size), axes.y(value)) for size, value in sorted(curves[name].items())]
        dash = "" if OURS in name else ' stroke-dasharray="6 4"'
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        lines.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
        lines += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
        lines.append(f'<line x1="{points[-1][0]:.1f}" y1="{points[-1][1]:.1f}" x2="{WIDTH - RIGHT + 12}" y2="{place:.1f}" stroke="{colour}" stroke-width="0.5"/>')
        lines.append(f'<text x="{WIDTH - RIGHT + 16}" y="{place + 4:.1f}" fill="{colour}">{escape(name)}</text>')
    body = "\n".join(lines)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13">\n'
            f"<!-- SPDX-FileCopyrightText: The felucca authors\n     SPDX-License-Identifier: LGPL-2.1-or-later -->\n"
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>\n{body}\n</svg>\n')
