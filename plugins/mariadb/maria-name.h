/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The name of a user of ours. A MariaDB server keeps no comment with a user, so the name says it all: prefix, intent, when
 * it was made and for which database. Only what reads back as such is ever touched. Pure. */
#pragma once

#include <glib.h>

#define MARIA_NAME_LEN_MAX 80
#define MARIA_PREFIX_LEN_MAX (MARIA_NAME_LEN_MAX - 32 - 1 - 8 - 1 - 8)
#define MARIA_PREFIX_DEFAULT "felucca_"

typedef struct
{
  char intent[37];
  gint64 created_sec;
  guint32 database_hash;
} MariaName;

/* intent: a UUID, or NULL: then the name is one that no intent has. */
char *maria_name_format (const char *prefix, const char *intent, gint64 created_sec, const char *database);

/* FALSE: it is not a name of ours. */
gboolean maria_name_parse (const char *name, const char *prefix, MariaName *ret_name);

/* Of a database's name; 32 bits, only to tell a few databases apart. */
guint32 maria_name_hash (const char *database);

/* What the server is told instead of the password, mysql_native_password's "*" and 40 digits. */
char *maria_name_hash_password (const char *password);
