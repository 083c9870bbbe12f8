# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A screen for one test: an X server that draws into a file."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from pathlib import Path

import gi

gi.require_version("GdkPixbuf", "2.0")
from gi.repository import GdkPixbuf, GLib  # noqa: E402

from desktop import Desktop  # noqa: E402

XWD_HEADER = struct.Struct(">25I")  # XWDFileHeader, up to its window's own fields; always big-endian
XWD_COLOR_LEN = 12


def can_draw() -> bool:
    """Whether there are an X server and GTK 4."""
    try:
        gi.require_version("Gtk", "4.0")
    except ValueError:
        return False
    return shutil.which("Xvfb") is not None


def start_x(desktop: Desktop, width: int, height: int, *options: str) -> None:
    """Programs of this desktop that are started from now on draw on this screen. It ends with the desktop."""
    read, write = os.pipe()
    desktop.spawn(["Xvfb", "-displayfd", str(write), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp", "-noreset", *options],
                  pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    os.close(write)
    with open(read) as pipe:
        desktop.env["DISPLAY"] = ":" + pipe.readline().strip()


class XDisplay:
    """A screen that can be looked at."""

    def __init__(self, desktop: Desktop, width: int, height: int) -> None:
        self.size = (width, height)
        self._frame = desktop.root / "Xvfb_screen0"
        start_x(desktop, width, height, "-fbdir", str(desktop.root))
        # There is no GPU, and nobody who would set an input method, a theme or a portal up.
        desktop.env |= {"GDK_BACKEND": "x11", "GSK_RENDERER": "cairo", "GTK_USE_PORTAL": "0"}

    def screenshot(self) -> GdkPixbuf.Pixbuf:
        """What is to be seen at this moment."""
        data = self._frame.read_bytes()
        fields = XWD_HEADER.unpack_from(data)
        header_len, width, height, bits, line_len, colors = (fields[i] for i in (0, 4, 5, 11, 12, 19))
        assert ((width, height), bits) == (self.size, 32)
        start = header_len + colors * XWD_COLOR_LEN
        pixels = data[start:start + line_len * height]
        # Blue, green, red and nothing, on the machines that this runs on.
        rgb = bytearray(width * height * 3)
        rgb[0::3], rgb[1::3], rgb[2::3] = pixels[2::4], pixels[1::4], pixels[0::4]
        return GdkPixbuf.Pixbuf.new_from_bytes(GLib.Bytes.new(bytes(rgb)), GdkPixbuf.Colorspace.RGB, False, 8, width, height,
                                               width * 3)  # fmt: skip

    def colors(self, left: int, top: int, width: int, height: int) -> int:
        """How many different ones there are in this part."""
        pixels = self.screenshot().new_subpixbuf(left, top, width, height).copy().get_pixels()
        return len({pixels[i:i + 3] for i in range(0, len(pixels), 3)})

    def save(self, path: Path) -> None:
        """As a picture, to look at."""
        self.screenshot().savev(str(path), "png", ["compression"], ["9"])
