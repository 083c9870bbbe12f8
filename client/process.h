/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Another process of this machine, as /proc shows it to everybody. What cannot be seen (another user's /proc, another
 * name space of processes) is NULL, 0 or left out. */
#pragma once

#include <sys/types.h>

#include <glib.h>

char *fel_process_name (pid_t pid); /* of its program, without a folder */
pid_t fel_process_parent (pid_t pid);
gint64 fel_process_started_sec (pid_t pid, gint64 now_sec); /* Unix seconds */
