/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which files the daemon, its backends and the libraries of both need, as rules for Landlock. Once, by main, when the
 * configuration is known and there are no other threads. */
#pragma once

#include "config.h"
#include "file-marks.h"

/* What the files of the user are that there are rules for now, so that it is known when they are others. NULL: files are
 * as open as before, and the message says why; not always a fault. (transfer full) */
FelFileMarks *fel_file_rules_enforce (const FelConfig *config, const char *state_folder, const char *backend_folder,
                                      GError **error);

/* The absolute paths in the value of a setting: a file, or a connection string that names some. (transfer full) */
char **fel_file_rules_paths_in (const char *value);
