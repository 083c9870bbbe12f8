/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exit.h"

#include <stdarg.h>
#include <string.h>

#include "felucca-names.h"

#define BUS_ERROR "org.freedesktop.DBus.Error."
#define SYSTEMD_ERROR "org.freedesktop.systemd1."

typedef struct ExitRule
{
  const char *name; /* of the D-Bus error; one that ends in a dot means all that begin so */
  FelExit status;
  const char *message; /* instead of the one that came, where that one speaks of D-Bus only; may be NULL */
  const char *next;    /* what to type next; may be NULL */
} ExitRule;

static const ExitRule exit_rules[] = {
  { FEL_ERROR_PREFIX "InvalidArguments", FEL_EXIT_USAGE, NULL, NULL },
  { FEL_ERROR_PREFIX "SignInRequired", FEL_EXIT_SIGN_IN, NULL, "felucca sign-in" },
  { FEL_ERROR_PREFIX "KeyringLocked", FEL_EXIT_KEYRING, NULL, NULL },
  { FEL_ERROR_PREFIX "KeyringAbsent", FEL_EXIT_KEYRING, NULL, NULL },
  { FEL_ERROR_PREFIX "PromptDismissed", FEL_EXIT_KEYRING, NULL, NULL },
  { FEL_ERROR_PREFIX "AccessDenied", FEL_EXIT_DENIED, NULL, NULL },
  { FEL_ERROR_PREFIX "Unreachable", FEL_EXIT_UNREACHABLE, NULL, NULL },
  { FEL_ERROR_PREFIX "TimedOut", FEL_EXIT_UNREACHABLE, NULL, NULL },
  { FEL_ERROR_PREFIX "NotFound", FEL_EXIT_NOT_FOUND, NULL, NULL },
  { FEL_ERROR_PREFIX "OutcomeUnknown", FEL_EXIT_UNKNOWN, NULL, "felucca unresolved" },
  { FEL_ERROR_PREFIX, FEL_EXIT_FAILED, NULL, NULL },
  { BUS_ERROR "AccessDenied", FEL_EXIT_DENIED, NULL, NULL },
  { BUS_ERROR "Timeout", FEL_EXIT_UNREACHABLE, "the felucca daemon did not answer in time", "felucca list" },
  { BUS_ERROR "NoReply", FEL_EXIT_UNREACHABLE, "the felucca daemon went away before it answered", "felucca list" },
  { BUS_ERROR "ServiceUnknown", FEL_EXIT_FAILED,
    "the felucca daemon is not installed: nothing on the session bus provides " FEL_BUS_NAME,
    "systemctl --user start " FEL_UNIT_SERVICE },
  { BUS_ERROR "NameHasNoOwner", FEL_EXIT_FAILED, "the felucca daemon is not running",
    "systemctl --user start " FEL_UNIT_SERVICE },
  { BUS_ERROR "UnknownMethod", FEL_EXIT_FAILED, "the felucca daemon does not know this call: is it an older version?",
    "felucca status" },
  { BUS_ERROR "Spawn.", FEL_EXIT_FAILED, "the felucca daemon could not be started",
    "journalctl --user -u " FEL_UNIT_SERVICE },
  { SYSTEMD_ERROR, FEL_EXIT_FAILED, "the felucca daemon could not be started",
    "journalctl --user -u " FEL_UNIT_SERVICE },
};

G_DEFINE_QUARK (fel_exit, fel_exit)

static const ExitRule *
find_rule (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (exit_rules); i++)
    {
      const char *rule = exit_rules[i].name;

      if (g_str_has_suffix (rule, ".") ? g_str_has_prefix (name, rule) : strcmp (name, rule) == 0)
        return &exit_rules[i];
    }
  return NULL;
}

FelExit
fel_exit_from_bus (const char *name)
{
  const ExitRule *rule = find_rule (name);

  return rule != NULL ? rule->status : FEL_EXIT_FAILED;
}

void
fel_exit_set_from_bus (GError **error, const char *name, const char *message)
{
  const ExitRule *rule = find_rule (name);
  const char *next = rule != NULL ? rule->next : NULL;
  g_autofree char *text = NULL;

  if (rule != NULL && rule->message != NULL)
    message = rule->message;
  text = g_strdup (message != NULL && *message != '\0' ? message : name);
  if (g_str_has_suffix (text, "."))
    text[strlen (text) - 1] = '\0';

  /* The daemon knows the backend's name and often says it all. */
  if (next == NULL || strstr (text, next) != NULL)
    g_set_error_literal (error, FEL_EXIT, (int) fel_exit_from_bus (name), text);
  else
    g_set_error (error, FEL_EXIT, (int) fel_exit_from_bus (name), "%s" FEL_EXIT_NEXT "%s", text, next);
}

void
fel_exit_append (GError *error, const char *format, ...)
{
  g_autofree char *tail = NULL;
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  tail = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  text = g_strconcat (error->message, tail, NULL);
  g_free (error->message);
  error->message = g_steal_pointer (&text);
}

void
fel_exit_hint_unfound (GError *error)
{
  if (g_error_matches (error, FEL_EXIT, FEL_EXIT_NOT_FOUND) && strstr (error->message, "felucca ") == NULL)
    fel_exit_append (error, FEL_EXIT_NEXT "felucca list");
}

gboolean
fel_exit_check (int r, const char *doing, GError **error)
{
  if (r >= 0)
    return TRUE;
  g_set_error (error, FEL_EXIT, FEL_EXIT_FAILED, "%s: %s", doing, g_strerror (-r));
  return FALSE;
}
