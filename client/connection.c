/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "connection.h"

#include <string.h>

#include "exit.h"
#include "felucca-names.h"

#define PORT_DEFAULT "5432" /* what libpq takes when it is told none */

static gboolean
need (const char *value, const char *key, GError **error)
{
  if (value != NULL && *value != '\0')
    return TRUE;
  g_set_error (error, FEL_EXIT, FEL_EXIT_FAILED, "this credential has no %s, which the format needs; try --format json",
               key);
  return FALSE;
}

const char *
fel_connection_database (const FelRecord *credential)
{
  const char *name = fel_record_text (credential, FEL_KEY_DATABASE_NAME);

  return name != NULL && *name != '\0' ? name : fel_record_text (credential, FEL_KEY_DATABASE);
}

gboolean
fel_connection_is_mysql (const FelRecord *credential)
{
  return g_strcmp0 (fel_record_text (credential, FEL_KEY_PROTOCOL), FEL_PROTOCOL_MYSQL) == 0;
}

gboolean
fel_connection_init (FelConnection *self, const FelCredential *credential, GError **error)
{
  const FelRecord *record = credential->record;
  gint64 port;

  *self = (FelConnection){ .host = fel_record_text (record, FEL_KEY_HOST),
                           .database = fel_connection_database (record),
                           .user = fel_record_text (record, FEL_KEY_USER),
                           .ssl_mode = fel_record_text (record, FEL_KEY_SSL_MODE),
                           .password = credential->password->bytes,
                           .is_mysql = fel_connection_is_mysql (record) };
  if (fel_record_number (record, FEL_KEY_PORT, &port))
    g_snprintf (self->port, sizeof self->port, "%u", (guint) (guint16) port);
  return need (self->host, FEL_KEY_HOST, error) && need (self->database, FEL_KEY_DATABASE, error)
         && need (self->user, FEL_KEY_USER, error);
}

static void
append_escaped (FelBuffer *out, const char *text, const char *special)
{
  for (const char *p = text; *p != '\0'; p++)
    {
      if (strchr (special, *p) != NULL)
        fel_buffer_append_c (out, '\\');
      fel_buffer_append_c (out, *p);
    }
}

/* RFC 3986: all but the unreserved characters. */
static void
append_percent_encoded (FelBuffer *out, const char *text)
{
  for (const char *p = text; *p != '\0'; p++)
    {
      char code[sizeof "%00"];

      g_snprintf (code, sizeof code, "%%%02X", (guint) (guchar) *p);
      if (g_ascii_isalnum (*p) || strchr ("-._~", *p) != NULL)
        fel_buffer_append_c (out, *p);
      else
        fel_buffer_append (out, code);
      explicit_bzero (code, sizeof code);
    }
}

/* No driver for MariaDB has a path for a host, and the modes of TLS go by another name in each. */
static void
append_mysql_path (const FelConnection *self, FelBuffer *out)
{
  fel_buffer_append (out, "localhost/");
  append_percent_encoded (out, self->database);
  fel_buffer_append (out, "?socket=");
  append_percent_encoded (out, self->host);
}

static void
append_authority_and_path (const FelConnection *self, FelBuffer *out)
{
  /* A colon in a host is an IPv6 address; the path of a socket is encoded like any other text. */
  gboolean ipv6 = strchr (self->host, ':') != NULL && *self->host != '/';

  if (ipv6)
    {
      fel_buffer_append_c (out, '[');
      fel_buffer_append (out, self->host);
      fel_buffer_append_c (out, ']');
    }
  else
    {
      append_percent_encoded (out, self->host);
    }
  if (*self->port != '\0')
    {
      fel_buffer_append_c (out, ':');
      fel_buffer_append (out, self->port);
    }
  fel_buffer_append_c (out, '/');
  append_percent_encoded (out, self->database);
}

void
fel_connection_to_bare_url (const FelConnection *self, FelBuffer *out)
{
  fel_buffer_append (out, "postgres://");
  append_authority_and_path (self, out);
}

void
fel_connection_to_url (const FelConnection *self, FelBuffer *out)
{
  fel_buffer_append (out, self->is_mysql ? "mysql://" : "postgres://");
  append_percent_encoded (out, self->user);
  fel_buffer_append_c (out, ':');
  append_percent_encoded (out, self->password);
  fel_buffer_append_c (out, '@');
  if (self->is_mysql && *self->host == '/')
    append_mysql_path (self, out);
  else
    append_authority_and_path (self, out);
  if (self->ssl_mode != NULL && !self->is_mysql)
    {
      fel_buffer_append (out, "?sslmode=");
      append_percent_encoded (out, self->ssl_mode);
    }
  fel_buffer_append_c (out, '\n');
}

void
fel_connection_env_line (FelBuffer *out, const char *name, const char *value)
{
  if (value == NULL || *value == '\0')
    return;
  fel_buffer_append (out, name);
  fel_buffer_append (out, "='");
  for (const char *p = value; *p != '\0'; p++)
    if (*p == '\'')
      fel_buffer_append (out, "'\\''");
    else
      fel_buffer_append_c (out, *p);
  fel_buffer_append (out, "'\n");
}

void
fel_connection_to_env (const FelConnection *self, FelBuffer *out)
{
  fel_connection_env_line (out, "PGHOST", self->host);
  fel_connection_env_line (out, "PGPORT", self->port);
  fel_connection_env_line (out, "PGUSER", self->user);
  fel_connection_env_line (out, "PGDATABASE", self->database);
  fel_connection_env_line (out, "PGSSLMODE", self->ssl_mode);
  fel_connection_env_line (out, "PGPASSWORD", self->password);
}

/* Always quoted, which libpq takes for any value (PostgreSQL documentation, section 34.1.1.1). */
static void
append_keyword (FelBuffer *out, const char *keyword, const char *value)
{
  if (value == NULL || *value == '\0')
    return;
  fel_buffer_append (out, keyword);
  fel_buffer_append (out, "='");
  append_escaped (out, value, "\\'");
  fel_buffer_append_c (out, '\'');
}

void
fel_connection_to_conninfo (const FelConnection *self, FelBuffer *out)
{
  append_keyword (out, "host", self->host);
  append_keyword (out, " port", self->port);
  append_keyword (out, " dbname", self->database);
  append_keyword (out, " user", self->user);
  append_keyword (out, " password", self->password);
  append_keyword (out, " sslmode", self->ssl_mode);
  fel_buffer_append_c (out, '\n');
}

static gboolean
append_pgpass_line (const FelConnection *self, const char *host, FelBuffer *out, GError **error)
{
  const char *fields[] = { host, *self->port != '\0' ? self->port : PORT_DEFAULT, self->database, self->user,
                           self->password };

  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      if (strpbrk (fields[i], "\r\n") != NULL)
        {
          g_set_error_literal (error, FEL_EXIT, FEL_EXIT_FAILED,
                               "a line of .pgpass cannot hold a newline, which is in this credential");
          return FALSE;
        }
      append_escaped (out, fields[i], "\\:");
      fel_buffer_append_c (out, i + 1 < G_N_ELEMENTS (fields) ? ':' : '\n');
    }
  return TRUE;
}

/* libpq looks for localhost where it is told the folder of sockets that it was built with, and for the folder itself
 * where that is another one. */
gboolean
fel_connection_to_pgpass (const FelConnection *self, FelBuffer *out, GError **error)
{
  return append_pgpass_line (self, self->host, out, error)
         && (*self->host != '/' || append_pgpass_line (self, "localhost", out, error));
}
