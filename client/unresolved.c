/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unresolved.h"

#include <string.h>

#include "call.h"
#include "exit.h"
#include "felucca-names.h"

#define BEGINNING_MIN 4 /* shorter ones mean another mint too easily */
#define NAMED_MAX 5     /* a person does not read more of them */

static void
keep_backend (GPtrArray *unresolved, const char *backend)
{
  for (guint i = unresolved->len; i > 0; i--)
    if (g_strcmp0 (fel_record_text (g_ptr_array_index (unresolved, i - 1), FEL_KEY_BACKEND), backend) != 0)
      g_ptr_array_remove_index (unresolved, i - 1);
}

GPtrArray *
fel_unresolved_fetch (FelDaemon *daemon, const char *backend, gboolean *ret_older, GError **error)
{
  g_autoptr (FelCall) call = fel_call_new (daemon, FEL_IFACE_CREDENTIALS, "ListUnresolved");
  g_autoptr (sd_bus_message) reply = fel_call_send (call, FEL_CALL_SECONDS, error);
  g_autoptr (GPtrArray) unresolved = reply != NULL ? fel_record_read_array (reply, error) : NULL;

  if (ret_older != NULL)
    *ret_older = call->unknown_method;
  if (unresolved != NULL && backend != NULL)
    keep_backend (unresolved, backend);
  return g_steal_pointer (&unresolved);
}

static char *
join (char **names, guint n)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < MIN (n, NAMED_MAX); i++)
    g_string_append_printf (text, "%s%s", i > 0 ? ", " : "", names[i]);
  if (n > NAMED_MAX)
    g_string_append_printf (text, " and %u more", n - NAMED_MAX);
  return g_string_free (text, FALSE);
}

/* An exact one is meant even where another begins with it. */
static const char *
find_exact (GPtrArray *unresolved, const char *typed)
{
  for (guint i = 0; i < unresolved->len; i++)
    {
      const char *intent = fel_record_text (g_ptr_array_index (unresolved, i), FEL_KEY_INTENT);

      if (intent != NULL && g_ascii_strcasecmp (intent, typed) == 0)
        return intent;
    }
  return NULL;
}

/* Borrows the names. */
static GPtrArray *
find_all (GPtrArray *unresolved, const char *beginning)
{
  GPtrArray *found = g_ptr_array_new ();

  for (guint i = 0; i < unresolved->len; i++)
    {
      const char *intent = fel_record_text (g_ptr_array_index (unresolved, i), FEL_KEY_INTENT);

      if (intent != NULL && g_ascii_strncasecmp (intent, beginning, strlen (beginning)) == 0)
        g_ptr_array_add (found, (char *) intent);
    }
  return found;
}

const char *
fel_unresolved_find (GPtrArray *unresolved, const char *beginning, GError **error)
{
  g_autoptr (GPtrArray) found = NULL;
  g_autofree char *names = NULL;
  const char *exact;

  if (strlen (beginning) < BEGINNING_MIN)
    {
      g_set_error (error, FEL_EXIT, FEL_EXIT_USAGE, "'%s' is too short: at least %d characters of an intent are needed",
                   beginning, BEGINNING_MIN);
      return NULL;
    }
  exact = find_exact (unresolved, beginning);
  if (exact != NULL)
    return exact;
  found = find_all (unresolved, beginning);
  if (found->len == 1)
    return g_ptr_array_index (found, 0);
  if (found->len == 0)
    {
      g_set_error (error, FEL_EXIT, FEL_EXIT_NOT_FOUND, "there is no unresolved mint '%s'; try: felucca unresolved",
                   beginning);
      return NULL;
    }
  names = join ((char **) found->pdata, found->len);
  g_set_error (error, FEL_EXIT, FEL_EXIT_USAGE, "'%s' may mean any of %u: %s", beginning, found->len, names);
  return NULL;
}

gboolean
fel_unresolved_oldest (GPtrArray *unresolved, gint64 *ret_since_sec)
{
  gboolean found = FALSE;
  gint64 oldest_sec = G_MAXINT64;

  for (guint i = 0; i < unresolved->len; i++)
    {
      gint64 since_sec;

      if (!fel_record_number (g_ptr_array_index (unresolved, i), FEL_KEY_SINCE, &since_sec))
        continue;
      found = TRUE;
      oldest_sec = MIN (oldest_sec, since_sec);
    }
  if (found)
    *ret_since_sec = oldest_sec;
  return found;
}

static char *
say_candidates (char **candidates)
{
  guint n = g_strv_length (candidates);
  g_autofree char *names = join (candidates, n);

  if (n == 0)
    return g_strdup ("the provider lists none that could be it");
  if (n == 1)
    return g_strdup_printf ("could be %s", names);
  return g_strdup_printf ("could be one of %u: %s", n, names);
}

char *
fel_unresolved_say (const FelRecord *mint)
{
  const char *state = fel_record_text (mint, FEL_KEY_STATE);
  const char *id = fel_record_text (mint, FEL_KEY_ID);
  char **candidates = fel_record_list (mint, FEL_KEY_CANDIDATES);

  if (id != NULL)
    return g_strdup_printf ("minted as %s, which is to be ended", id);
  if (candidates != NULL)
    return say_candidates (candidates);
  if (g_strcmp0 (state, "prepared") == 0)
    return g_strdup ("nothing was sent to the provider yet");
  if (g_strcmp0 (state, "sent") == 0)
    return g_strdup ("perhaps one was minted; the provider was not asked yet");
  return NULL;
}
