#!/usr/bin/env python3
# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`docker run`, as far as variables go: the command gets those that -e names and nothing else of us, no descriptor either.

docker run --rm -e NAME... IMAGE COMMAND [ARG...]
"""

import argparse
import os
import subprocess
import sys

parser = argparse.ArgumentParser()
parser.add_argument("run", choices=["run"])
parser.add_argument("--rm", action="store_true")
parser.add_argument("-e", action="append", default=[])
parser.add_argument("image")
parser.add_argument("command", nargs=argparse.REMAINDER)
asked = parser.parse_args()
environment = {name: os.environ[name] for name in asked.e if name in os.environ}
sys.exit(subprocess.run(asked.command, env={"PATH": os.environ["PATH"], **environment}).returncode)
