/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Descriptors that a process forked by a backend must not keep: with our connection it would hold our name on the bus when
 * we are gone, with the lock our records, and with a caller's pipe the end of file that the caller waits for.
 * Any thread. */
#pragma once

/* From now on until it is removed, before it is closed. What finds no room is not guarded. */
void fel_fork_guard_add (int fd);
void fel_fork_guard_remove (int fd);
void fel_fork_guard_close (int fd); /* both; fine for -1 */
