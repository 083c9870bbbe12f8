# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Certificates for the stand-in, made by openssl: a good one, and one for each way to be bad."""

from __future__ import annotations

import subprocess
from pathlib import Path

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


class Authority:
    """A certificate authority in a folder of its own. `ca_file` is what makes it trusted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.ca_file = folder / "ca.pem"
        self._key = folder / "ca.key"
        openssl("req", "-x509", *KEY, "-keyout", str(self._key), "-out", str(self.ca_file), "-subj", "/CN=felucca tests",
                "-days", "2", "-addext", "keyUsage=critical,keyCertSign")

    def issue(self, name: str = "good", subject: str = "IP:127.0.0.1", days: int = 2) -> dict[str, str]:
        """The `cert` and `key` for a server; with negative days it has ended already."""
        cert, key, request, extensions = (self._folder / f"{name}.{end}" for end in ("pem", "key", "csr", "ext"))
        extensions.write_text(f"subjectAltName={subject}\n")
        openssl("req", *KEY, "-keyout", str(key), "-out", str(request), "-subj", "/CN=server")
        openssl("x509", "-req", "-in", str(request), "-CA", str(self.ca_file), "-CAkey", str(self._key), "-CAcreateserial",
                "-days", str(days), "-extfile", str(extensions), "-out", str(cert))
        return {"cert": str(cert), "key": str(key)}

    def issue_self_signed(self) -> dict[str, str]:
        """The right name, signed by nobody else."""
        cert, key = self._folder / "self.pem", self._folder / "self.key"
        openssl("req", "-x509", *KEY, "-keyout", str(key), "-out", str(cert), "-subj", "/CN=server", "-days", "2",
                "-addext", "subjectAltName=IP:127.0.0.1")
        return {"cert": str(cert), "key": str(key)}
