/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "postgres-failure.h"

#include <string.h>

#define SQLSTATE_LEN 5

G_DEFINE_QUARK (felucca - postgres, postgres_error)

/* By code or by class (its first two characters); the first that fits. Nothing is NotFound here: to the daemon that
 * would be the proof that nothing lives. */
static const struct
{
  const char *sqlstate;
  FelFailure failure;
} failures[] = {
  { "08P01", FEL_FAILURE_PROTOCOL },     { "08", FEL_FAILURE_UNREACHABLE },  /* connection exceptions */
  { "0A", FEL_FAILURE_UNSUPPORTED },     { "25P03", FEL_FAILURE_TIMED_OUT }, /* idle in transaction */
  { "28", FEL_FAILURE_DENIED },      /* the login of the dsn: no user can sign in to that */
  { "2BP01", FEL_FAILURE_CONFLICT }, /* objects depend on the role */
  { "3D", FEL_FAILURE_INTERNAL },    /* the database of the dsn */
  { "40", FEL_FAILURE_CONFLICT },    /* serialization, deadlock */
  { "42501", FEL_FAILURE_DENIED },       { "42601", FEL_FAILURE_INTERNAL },  /* our syntax */
  { "42704", FEL_FAILURE_CONFLICT },                                         /* a role that was there a moment ago */
  { "42710", FEL_FAILURE_CONFLICT },                                         /* such a role exists */
  { "53300", FEL_FAILURE_RATE_LIMITED }, { "55P03", FEL_FAILURE_TIMED_OUT }, /* lock_timeout */
  { "57014", FEL_FAILURE_TIMED_OUT },                                        /* statement_timeout */
  { "57P", FEL_FAILURE_UNREACHABLE },                                        /* starting, stopping, stopped */
};

FelFailure
postgres_failure_of (const char *sqlstate)
{
  if (sqlstate == NULL)
    return FEL_FAILURE_UNREACHABLE;
  for (gsize i = 0; i < G_N_ELEMENTS (failures); i++)
    if (g_str_has_prefix (sqlstate, failures[i].sqlstate))
      return failures[i].failure;
  return FEL_FAILURE_PROVIDER;
}

static gboolean
is_sqlstate (const char *text)
{
  for (gsize i = 0; i < SQLSTATE_LEN; i++)
    if (!g_ascii_isdigit (text[i]) && !g_ascii_isupper (text[i]))
      return FALSE;
  return text[SQLSTATE_LEN] == ':';
}

/* libpq keeps it to itself when a connection fails; the text has it in every language. The last one counts: of several
 * hosts, that is the one that was tried last. */
gboolean
postgres_failure_find_sqlstate (const char *text, char ret_sqlstate[6])
{
  gboolean found = FALSE;

  for (const char *p = strstr (text, ":  "); p != NULL; p = strstr (p + 1, ":  "))
    if (is_sqlstate (p + 3))
      {
        memcpy (ret_sqlstate, p + 3, SQLSTATE_LEN);
        ret_sqlstate[SQLSTATE_LEN] = '\0';
        found = TRUE;
      }
  return found;
}

bool
postgres_failure_tell (const FelHost *host, FelOut *out, const GError *error, int flags)
{
  return host->fail (out, (error->domain == POSTGRES_ERROR ? error->code : FEL_FAILURE_INTERNAL) | flags,
                     error->message);
}
