/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The option file that the programs of MariaDB (mariadb, mariadb-dump, …) log in with. It stands for all their files:
 * those of the system and of the user come first in it, for else ~/.my.cnf would win over a user and a password. */
#pragma once

#include <glib.h>

#include "buffer.h"
#include "connection.h"

void fel_option_file_write (const FelConnection *connection, FelBuffer *out);

/* The arguments with the option that names the file: it has to be the first, and only these programs know it. NULL: it
 * is another program, or such an option is there already. The strings stay the caller's. (transfer container) */
char **fel_option_file_arguments (char **argv, const char *option);
