/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "status.h"

#include "call.h"
#include "exit.h"
#include "felucca-names.h"

static FelRecord *
fetch_properties (FelDaemon *daemon, GError **error)
{
  g_autoptr (FelCall) call = fel_call_new (daemon, "org.freedesktop.DBus.Properties", "GetAll");
  g_autoptr (sd_bus_message) reply = NULL;

  fel_call_string (call, FEL_IFACE_CREDENTIALS);
  reply = fel_call_send (call, FEL_CALL_SECONDS, error);
  return reply != NULL ? fel_record_read (reply, error) : NULL;
}

gboolean
fel_status_keep_backend (FelRecord *status, const char *name, GError **error)
{
  g_autoptr (FelRecord) backends = fel_record_steal_record (status, "backends");
  FelRecord *kept = fel_record_new ();
  FelRecord *backend = fel_record_steal_record (backends, name);

  fel_record_set_record (status, "backends", kept);
  if (backend != NULL)
    {
      fel_record_set_record (kept, name, backend);
      return TRUE;
    }
  g_set_error (error, FEL_EXIT, FEL_EXIT_NOT_FOUND, "there is no backend '%s'" FEL_EXIT_NEXT "felucca backends", name);
  return FALSE;
}

FelRecord *
fel_status_fetch (FelDaemon *daemon, GError **error)
{
  g_autoptr (FelRecord) properties = fetch_properties (daemon, error);
  g_autoptr (FelRecord) backends = NULL;
  g_autoptr (FelRecord) status = NULL;
  FelRecord *sandbox;

  if (properties == NULL)
    return NULL;
  backends = fel_record_steal_record (properties, "Backends");
  if (backends == NULL)
    backends = fel_record_new ();

  status = fel_record_new ();
  if (fel_record_has (properties, "Version"))
    fel_record_set_text (status, "version", fel_record_text (properties, "Version"));
  if (fel_record_has (properties, "KeyringState"))
    fel_record_set_text (status, "keyring-state", fel_record_text (properties, "KeyringState"));
  sandbox = fel_record_steal_record (properties, "Sandbox");
  if (sandbox != NULL)
    fel_record_set_record (status, "sandbox", sandbox);
  fel_record_set_record (status, "backends", g_steal_pointer (&backends));
  return g_steal_pointer (&status);
}

static void
keep_accounts (GPtrArray *accounts, const char *backend)
{
  for (guint i = accounts->len; i > 0; i--)
    if (g_strcmp0 (fel_record_text (g_ptr_array_index (accounts, i - 1), FEL_KEY_BACKEND), backend) != 0)
      g_ptr_array_remove_index (accounts, i - 1);
}

GPtrArray *
fel_status_fetch_accounts (FelDaemon *daemon, const char *backend, GError **error)
{
  g_autoptr (FelCall) call = fel_call_new (daemon, FEL_IFACE_ACCOUNTS, "ListAccounts");
  g_autoptr (sd_bus_message) reply = fel_call_send (call, FEL_CALL_SECONDS, error);
  g_autoptr (GPtrArray) accounts = reply != NULL ? fel_record_read_array (reply, error) : NULL;

  if (accounts != NULL && backend != NULL)
    keep_accounts (accounts, backend);
  return g_steal_pointer (&accounts);
}
