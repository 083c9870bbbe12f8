/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "health-view.h"

#include <string.h>

#include "felucca-names.h"
#include "unresolved.h"
#include "view.h"
#include "when.h"

#define ADDRESS_OF_PATH "unix:path=" /* goes without saying */

static void
add_word (GString *text, const char *word)
{
  if (word != NULL)
    g_string_append_printf (text, "%s%s", text->len > 0 ? ", " : "", word);
}

static void
add_pid (GString *text, const FelRecord *record)
{
  gint64 pid;
  g_autofree char *word = fel_record_number (record, "pid", &pid) ? g_strdup_printf ("pid %" G_GINT64_FORMAT, pid)
                                                                  : NULL;

  add_word (text, word);
}

static void
add_row (FelTable *table, const char *heading, const char *state, GString *detail)
{
  fel_table_add (table, (const char *[]){ heading, state, detail != NULL ? detail->str : NULL });
}

static void
add_daemon (FelTable *table, const FelRecord *daemon, gint64 now_sec)
{
  g_autoptr (GString) detail = g_string_new (NULL);
  const char *version = fel_record_text (daemon, "version");
  const char *by = fel_record_text (daemon, "started-by");
  g_autofree char *since = fel_view_when (daemon, FEL_KEY_SINCE, now_sec);
  g_autofree char *started = since != NULL ? g_strdup_printf ("started %s%s%s", since, by != NULL ? " by " : "",
                                                              by != NULL ? by : "")
                                           : NULL;

  if (version != NULL)
    g_string_append_printf (detail, "version %s", version);
  add_pid (detail, daemon);
  add_word (detail, started);
  add_row (table, "daemon", fel_record_flag (daemon, "running") ? "running" : "not reached", detail);
}

static void
add_units (FelTable *table, const FelRecord *units)
{
  g_autoptr (GString) detail = g_string_new (FEL_UNIT_SERVICE);
  const char *socket = units != NULL ? fel_record_text (units, FEL_UNIT_SOCKET) : NULL;

  if (units == NULL)
    {
      g_string_assign (detail, "there is no service manager on the session bus");
      add_row (table, "unit", "none", detail);
      return;
    }
  if (socket != NULL)
    g_string_append_printf (detail, "; " FEL_UNIT_SOCKET " is %s", socket);
  add_row (table, "unit", fel_record_text (units, FEL_UNIT_SERVICE), detail);
}

static void
add_connection (FelTable *table, const FelRecord *connection)
{
  g_autoptr (GString) detail = g_string_new (NULL);
  const char *address = connection != NULL ? fel_record_text (connection, "address") : NULL;

  if (address != NULL && g_str_has_prefix (address, ADDRESS_OF_PATH))
    address += strlen (ADDRESS_OF_PATH);
  if (address != NULL)
    g_string_append_len (detail, address, (gssize) strcspn (address, ","));
  if (connection != NULL)
    add_row (table, "reached by", fel_record_text (connection, "kind"), detail);
}

static void
add_keyring (FelTable *table, const FelRecord *keyring)
{
  g_autoptr (GString) detail = g_string_new (NULL);
  const char *state = fel_record_text (keyring, FEL_KEY_STATE);

  add_word (detail, fel_record_text (keyring, "program"));
  add_pid (detail, keyring);
  add_row (table, "keyring", state != NULL ? state : "not known", detail);
}

static void
add_sandbox (FelTable *table, const FelRecord *sandbox)
{
  g_autoptr (GString) on = g_string_new (NULL);
  g_autoptr (GString) off = g_string_new (NULL);

  for (guint i = 0; sandbox != NULL && i < fel_record_size (sandbox); i++)
    {
      const char *part = fel_record_key (sandbox, i);
      const char *state = fel_record_text (sandbox, part);
      g_autofree char *lacking = g_strdup_printf ("%s (%s)", part, state != NULL ? state : "not known");
      gboolean is_on = g_strcmp0 (state, "on") == 0;

      add_word (is_on ? on : off, is_on ? part : lacking);
    }
  if (off->len > 0)
    g_string_prepend (off, "without ");
  if (on->len > 0 || off->len > 0)
    add_row (table, "sandbox", off->len == 0 ? "on" : on->len == 0 ? "off" : "partly", off->len == 0 ? on : off);
}

static void
add_unresolved (FelTable *table, GPtrArray *unresolved, gint64 now_sec)
{
  g_autoptr (GString) detail = g_string_new (NULL);
  g_autofree char *count = NULL;
  gint64 since_sec;

  if (unresolved == NULL || unresolved->len == 0)
    {
      add_row (table, "unresolved", unresolved != NULL ? "none" : "not known", NULL);
      return;
    }
  count = g_strdup_printf ("%u", unresolved->len);
  if (fel_unresolved_oldest (unresolved, &since_sec))
    {
      g_autofree char *oldest = fel_when_say (since_sec, now_sec);

      g_string_append_printf (detail, "the oldest %s; ", oldest);
    }
  g_string_append (detail, "see: felucca unresolved");
  add_row (table, "unresolved", count, detail);
}

FelTable *
fel_health_view_head (const FelRecord *health, gint64 now_sec)
{
  FelTable *table = fel_table_new (3);
  const FelRecord *daemon = fel_record_record (health, "daemon");

  add_daemon (table, daemon, now_sec);
  add_units (table, fel_record_record (health, "units"));
  add_connection (table, fel_record_record (health, "connection"));
  add_keyring (table, fel_record_record (health, "keyring"));
  add_sandbox (table, fel_record_record (health, "sandbox"));
  if (fel_record_flag (daemon, "running"))
    add_unresolved (table, fel_record_records (health, "unresolved"), now_sec);
  return table;
}

/* One row for each account of a backend; a row without an account when it has none. */
static void
add_sign_ins (FelTable *table, const char *name, const FelRecord *backend, GPtrArray *accounts, gint64 now_sec)
{
  const char *state = fel_record_text (backend, FEL_KEY_STATE);
  const char *module = fel_record_text (backend, "module");
  gboolean found = FALSE;

  for (guint i = 0; accounts != NULL && i < accounts->len; i++)
    {
      const FelRecord *account = g_ptr_array_index (accounts, i);
      g_autofree char *expires = fel_view_when (account, "expires", now_sec);

      if (g_strcmp0 (fel_record_text (account, FEL_KEY_BACKEND), name) != 0)
        continue;
      found = TRUE;
      fel_table_add (table, (const char *[]){ name, module, state, fel_record_text (account, "account"), expires });
    }
  if (!found)
    fel_table_add (table, (const char *[]){ name, module, state, NULL, NULL });
}

FelTable *
fel_health_view_sign_ins (const FelRecord *health, gint64 now_sec)
{
  const FelRecord *backends = fel_record_record (health, "backends");
  FelTable *table;

  if (backends == NULL)
    return NULL;
  table = fel_table_new (5);
  fel_table_set_headings (table, (const char *[]){ "BACKEND", "MODULE", "STATE", "SIGNED IN AS", "SIGN-IN ENDS" });
  for (guint i = 0; i < fel_record_size (backends); i++)
    {
      const char *name = fel_record_key (backends, i);
      const FelRecord *backend = fel_record_record (backends, name);

      if (backend != NULL)
        add_sign_ins (table, name, backend, fel_record_records (health, "accounts"), now_sec);
    }
  return table;
}
