/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a client needs to log in, spelled in each of the ways that libpq and its friends read; as a URL for MariaDB, too.
 * Borrows everything from the credential it is made of. */
#pragma once

#include <glib.h>

#include "buffer.h"
#include "credential.h"

typedef struct FelConnection
{
  const char *host;
  const char *database;
  const char *user;
  const char *ssl_mode; /* NULL when unknown */
  const char *password;
  char port[8]; /* empty when unknown */
  gboolean is_mysql;
} FelConnection;

/* Borrows from the credential. An error names what is missing. */
gboolean fel_connection_init (FelConnection *self, const FelCredential *credential, GError **error);

/* Whether the server is MariaDB or MySQL. Others than PostgreSQL's that are not known here count as that one. */
gboolean fel_connection_is_mysql (const FelRecord *credential);

/* The name to connect to, which is not always the one that the provider goes by. (nullable) */
const char *fel_connection_database (const FelRecord *credential);

void fel_connection_to_url (const FelConnection *self, FelBuffer *out);
void fel_connection_to_env (const FelConnection *self, FelBuffer *out);
void fel_connection_to_conninfo (const FelConnection *self, FelBuffer *out);
gboolean fel_connection_to_pgpass (const FelConnection *self, FelBuffer *out, GError **error);

/* postgres://host:port/database, for clients that take user and password apart from it. */
void fel_connection_to_bare_url (const FelConnection *self, FelBuffer *out);

/* A line NAME='value' for a shell; left out when value is NULL or empty. */
void fel_connection_env_line (FelBuffer *out, const char *name, const char *value);
