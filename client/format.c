/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "format.h"

#include <string.h>

#include "connection.h"
#include "exit.h"
#include "felucca-names.h"
#include "json.h"
#include "suggest.h"

typedef gboolean (*FormatFunc) (const FelCredential *credential, FelBuffer *out, GError **error);

static gboolean
format_json (const FelCredential *credential, FelBuffer *out, GError **error)
{
  const FelBuffer *password = credential->password;

  /* A replaced character would be a wrong password that looks right. */
  if (!g_utf8_validate_len (password->bytes, password->len, NULL))
    {
      g_set_error_literal (error, FEL_EXIT, FEL_EXIT_FAILED,
                           "the password is not UTF-8, so JSON cannot hold it; try --format password");
      return FALSE;
    }
  fel_json_open (out, '{');
  fel_record_fields_to_json (credential->record, out);
  fel_json_key (out, FEL_KEY_PASSWORD);
  fel_json_string (out, password->bytes);
  fel_json_close (out, '}');
  fel_buffer_append_c (out, '\n');
  return TRUE;
}

static gboolean
format_password (const FelCredential *credential, FelBuffer *out, GError **error)
{
  fel_buffer_append_bytes (out, credential->password->bytes, credential->password->len);
  fel_buffer_append_c (out, '\n');
  return TRUE;
}

static gboolean
format_url (const FelCredential *credential, FelBuffer *out, GError **error)
{
  FelConnection connection;

  if (!fel_connection_init (&connection, credential, error))
    return FALSE;
  fel_connection_to_url (&connection, out);
  return TRUE;
}

static gboolean
format_env (const FelCredential *credential, FelBuffer *out, GError **error)
{
  FelConnection connection;

  if (!fel_connection_init (&connection, credential, error))
    return FALSE;
  fel_connection_to_env (&connection, out);
  return TRUE;
}

static gboolean
format_pgpass (const FelCredential *credential, FelBuffer *out, GError **error)
{
  FelConnection connection;

  return fel_connection_init (&connection, credential, error) && fel_connection_to_pgpass (&connection, out, error);
}

static gboolean
format_conninfo (const FelCredential *credential, FelBuffer *out, GError **error)
{
  FelConnection connection;

  if (!fel_connection_init (&connection, credential, error))
    return FALSE;
  fel_connection_to_conninfo (&connection, out);
  return TRUE;
}

/* As the vendor's console shows it: https://HOST/v2/databases/ID. The host comes bare or as a URL. */
static char *
nile_api_url (const FelRecord *record)
{
  const char *host = fel_record_text (record, FEL_KEY_API_HOST);
  const char *id = fel_record_text (record, FEL_KEY_DATABASE_ID);

  if (host == NULL)
    return NULL;
  if (strstr (host, "://") != NULL)
    return g_strdup (host);
  return id != NULL ? g_strdup_printf ("https://%s/v2/databases/%s", host, id) : g_strdup_printf ("https://%s", host);
}

static gboolean
format_nile_env (const FelCredential *credential, FelBuffer *out, GError **error)
{
  const FelRecord *record = credential->record;
  g_autofree char *api_url = nile_api_url (record);
  g_autoptr (FelBuffer) postgres_url = fel_buffer_new ();
  FelConnection connection;

  /* Here everything may be absent: the SDK has defaults of its own. */
  if (fel_connection_init (&connection, credential, NULL))
    fel_connection_to_bare_url (&connection, postgres_url);
  fel_connection_env_line (out, "NILEDB_USER", fel_record_text (record, FEL_KEY_USER));
  fel_connection_env_line (out, "NILEDB_PASSWORD", credential->password->bytes);
  fel_connection_env_line (out, "NILEDB_ID", fel_record_text (record, FEL_KEY_DATABASE_ID));
  fel_connection_env_line (out, "NILEDB_NAME", fel_connection_database (record));
  fel_connection_env_line (out, "NILEDB_API_URL", api_url);
  fel_connection_env_line (out, "NILEDB_POSTGRES_URL", postgres_url->bytes);
  fel_connection_env_line (out, "NILEDB_TENANT", fel_record_text (record, FEL_KEY_TENANT_ID));
  return TRUE;
}

static const struct
{
  const char *name;
  FormatFunc credential; /* NULL: a table, which is not made here */
  gboolean is_libpqs;    /* and no program for another database reads it */
} formats[] = {
  [FEL_FORMAT_TABLE] = { "table", NULL },
  [FEL_FORMAT_JSON] = { "json", format_json },
  [FEL_FORMAT_PASSWORD] = { "password", format_password },
  [FEL_FORMAT_URL] = { "url", format_url },
  [FEL_FORMAT_ENV] = { "env", format_env, TRUE },
  [FEL_FORMAT_NILE_ENV] = { "nile-env", format_nile_env, TRUE },
  [FEL_FORMAT_PGPASS] = { "pgpass", format_pgpass, TRUE },
  [FEL_FORMAT_CONNINFO] = { "conninfo", format_conninfo, TRUE },
};
G_STATIC_ASSERT (G_N_ELEMENTS (formats) == _FEL_FORMAT_MAX);

gboolean
fel_format_parse (const char *name, FelFormat *ret_format, GError **error)
{
  FelSuggestion suggestion = fel_suggestion_for (name);
  g_autofree char *question = NULL;

  for (FelFormat format = 0; format < _FEL_FORMAT_MAX; format++)
    if (g_str_equal (name, formats[format].name))
      {
        *ret_format = format;
        return TRUE;
      }
  for (FelFormat format = 0; format < _FEL_FORMAT_MAX; format++)
    fel_suggestion_offer (&suggestion, formats[format].name);
  question = fel_suggestion_say ("'", suggestion.nearest, "'");
  g_set_error (error, FEL_EXIT, FEL_EXIT_USAGE,
               "'%s' is not a format: table, password, url, json, env, nile-env, pgpass or conninfo%s", name, question);
  return FALSE;
}

const char *
fel_format_name (FelFormat format)
{
  return formats[format].name;
}

gboolean
fel_format_credential (FelFormat format, const FelCredential *credential, FelBuffer *out, GError **error)
{
  g_assert (formats[format].credential != NULL);
  if (formats[format].is_libpqs && fel_connection_is_mysql (credential->record))
    {
      g_set_error (error, FEL_EXIT, FEL_EXIT_FAILED,
                   "the format %s is PostgreSQL's, and this credential is for MariaDB or MySQL" FEL_EXIT_NEXT
                   "--format url",
                   formats[format].name);
      return FALSE;
    }
  return formats[format].credential (credential, out, error);
}
