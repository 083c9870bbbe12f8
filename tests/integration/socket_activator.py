# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What felucca.socket does: holds the socket, starts the daemon for whoever comes, and again when it has left.

Arguments: path of the socket, folder for the records `listens`, `starts` and `ends`, the daemon.
"""

import os
import select
import signal
import socket
import sys

child = 0


def record(folder: str, name: str, number: int) -> None:
    with open(os.path.join(folder, name), "a", encoding="ascii") as log:
        log.write(f"{number}\n")


def on_terminate(*_: object) -> None:
    """Takes the daemon along."""
    if child:
        os.kill(child, signal.SIGTERM)
        os.waitpid(child, 0)
    os._exit(0)


def run(path: str, folder: str, daemon: str) -> None:
    global child
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    os.umask(0o077)
    listener.bind(path)
    listener.listen(4096)
    signal.signal(signal.SIGTERM, on_terminate)
    record(folder, "listens", listener.fileno())
    while True:
        select.select([listener], [], [])
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])  # fork() forgets what arrives in the child right after it
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
            if listener.fileno() == 3:
                os.set_inheritable(3, True)
            else:
                os.dup2(listener.fileno(), 3, inheritable=True)
            os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
            os.execv(daemon, [daemon])
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
        record(folder, "starts", child)
        status = os.waitpid(child, 0)[1]
        child = 0
        record(folder, "ends", os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    run(*sys.argv[1:])
