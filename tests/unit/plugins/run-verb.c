/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Runs one verb of a module, for tests of verbs that no D-Bus call reaches: run-verb MODULE VERB [NAME=VALUE…], where a
 * name is a member of FelVerbRequest or set.KEY. Prints what the backend said; its last line is "ok", or "failure=CODE
 * SENTENCE" with status 1. */
#include <string.h>

#include <gmodule.h>

#include "fake-host.h"

#define SETTINGS_MAX 32

static const struct
{
  const char *name;
  gsize offset;
} verbs[] = {
  { "check", G_STRUCT_OFFSET (FelBackend, check) },   { "mint", G_STRUCT_OFFSET (FelBackend, mint) },
  { "revoke", G_STRUCT_OFFSET (FelBackend, revoke) }, { "list", G_STRUCT_OFFSET (FelBackend, list) },
  { "probe", G_STRUCT_OFFSET (FelBackend, probe) },   { "refresh", G_STRUCT_OFFSET (FelBackend, refresh) },
  { "renew", G_STRUCT_OFFSET (FelBackend, renew) },
};

static const struct
{
  const char *name;
  gsize offset;
} strings[] = {
  { "workspace", G_STRUCT_OFFSET (FelVerbRequest, workspace) },
  { "database", G_STRUCT_OFFSET (FelVerbRequest, database) },
  { "tenant-id", G_STRUCT_OFFSET (FelVerbRequest, tenant_id) },
  { "id", G_STRUCT_OFFSET (FelVerbRequest, id) },
  { "token", G_STRUCT_OFFSET (FelVerbRequest, token) },
  { "intent", G_STRUCT_OFFSET (FelVerbRequest, intent) },
};

static FelVerb
find_verb (const FelBackend *backend, const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (verbs); i++)
    if (g_str_equal (verbs[i].name, name))
      return G_STRUCT_MEMBER (FelVerb, backend, verbs[i].offset);
  return NULL;
}

/* argument: "name=value"; cut in two and lent. */
static void
take_argument (FelVerbRequest *request, FelSetting *settings, char *argument)
{
  char *value = strchr (argument, '=');

  g_assert_nonnull (value);
  *value++ = '\0';
  if (g_str_has_prefix (argument, "set."))
    {
      g_assert_cmpuint (request->n_settings, <, SETTINGS_MAX);
      settings[request->n_settings++] = (FelSetting){ argument + strlen ("set."), value };
      return;
    }
  if (g_str_equal (argument, "ttl"))
    {
      request->ttl_sec = g_ascii_strtoull (value, NULL, 10);
      return;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (strings); i++)
    if (g_str_equal (strings[i].name, argument))
      {
        G_STRUCT_MEMBER (const char *, request, strings[i].offset) = value;
        return;
      }
  g_error ("there is no '%s'", argument);
}

int
main (int argc, char **argv)
{
  FelSetting settings[SETTINGS_MAX];
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  FelVerbRequest request = {
    .struct_size = sizeof request,
    .instance = "test",
    .settings = settings,
    .timeout_sec = 30,
    .cancellable = cancellable,
  };
  g_autoptr (FelOut) out = fake_out_new ();
  GModule *module;
  gpointer symbol;
  FelVerb verb;

  g_assert_cmpint (argc, >=, 3);
  module = g_module_open (argv[1], G_MODULE_BIND_LOCAL);
  if (module == NULL || !g_module_symbol (module, FEL_BACKEND_SYMBOL, &symbol))
    g_error ("%s", g_module_error ());
  verb = find_verb (symbol, argv[2]);
  g_assert_nonnull (verb);
  for (int i = 3; i < argc; i++)
    take_argument (&request, settings, argv[i]);
  if (verb (&fake_host, &request, out))
    {
      g_print ("%sok\n", out->said->str);
      return 0;
    }
  g_strdelimit (out->sentence, "\n\t", ' '); /* the host makes one line of it, too */
  g_print ("%sfailure=%d %s\n", out->said->str, out->failure, out->sentence);
  return 1;
}
