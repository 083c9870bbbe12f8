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

static gboolean
keep_backend (FelRecord *backends, const char *name, GError **error)
{
  FelRecord *backend = fel_record_steal_record (backends, name);

  if (backend == NULL)
    {
      g_set_error (error, FEL_EXIT, FEL_EXIT_NOT_FOUND, "there is no backend of this name; try: felucca backends");
      return FALSE;
    }
  fel_record_clear (backends);
  fel_record_set_record (backends, name, backend);
  return TRUE;
}

FelRecord *
fel_status_fetch (FelDaemon *daemon, const char *backend, GError **error)
{
  g_autoptr (FelRecord) properties = fetch_properties (daemon, error);
  g_autoptr (FelRecord) backends = NULL;
  g_autoptr (FelRecord) status = NULL;

  if (properties == NULL)
    return NULL;
  backends = fel_record_steal_record (properties, "Backends");
  if (backends == NULL)
    backends = fel_record_new ();
  if (backend != NULL && !keep_backend (backends, backend, error))
    return NULL;

  status = fel_record_new ();
  if (fel_record_has (properties, "Version"))
    fel_record_set_text (status, "version", fel_record_text (properties, "Version"));
  if (fel_record_has (properties, "KeyringState"))
    fel_record_set_text (status, "keyring-state", fel_record_text (properties, "KeyringState"));
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

static gboolean
check_keyring (const char *state, GError **error)
{
  if (g_strcmp0 (state, "unlocked") == 0)
    return TRUE;
  if (g_strcmp0 (state, "absent") == 0)
    g_set_error_literal (error, FEL_EXIT, FEL_EXIT_KEYRING,
                         "there is no keyring: a Secret Service with a default collection has to run, such as "
                         "gnome-keyring, KeePassXC or KWallet");
  else
    g_set_error (error, FEL_EXIT, FEL_EXIT_KEYRING, "the keyring is %s", state != NULL ? state : "in an unknown state");
  return FALSE;
}

static gboolean
check_backend (const char *name, const FelRecord *backend, GError **error)
{
  const char *state = fel_record_text (backend, FEL_KEY_STATE);
  const char *detail = fel_record_text (backend, "detail");

  if (g_strcmp0 (state, "ready") == 0)
    return TRUE;
  if (g_strcmp0 (state, "sign-in-required") == 0)
    g_set_error (error, FEL_EXIT, FEL_EXIT_SIGN_IN, "%s needs a sign-in; try: felucca sign-in %s", name, name);
  else
    g_set_error (error, FEL_EXIT, FEL_EXIT_FAILED, "backend %s: %s", name,
                 detail != NULL ? detail : (state != NULL ? state : "no state"));
  return FALSE;
}

gboolean
fel_status_check (const FelRecord *status, GError **error)
{
  const FelRecord *backends = fel_record_record (status, "backends");

  if (!check_keyring (fel_record_text (status, "keyring-state"), error))
    return FALSE;
  for (guint i = 0; backends != NULL && i < fel_record_size (backends); i++)
    {
      const char *name = fel_record_key (backends, i);
      const FelRecord *backend = fel_record_record (backends, name);

      if (backend != NULL && !check_backend (name, backend, error))
        return FALSE;
    }
  return TRUE;
}
