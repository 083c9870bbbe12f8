/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "maria-failure.h"

#include <errmsg.h>
#include <mysqld_error.h>

#define CLIENT_FIRST 2000
#define CLIENT_LAST 2999

G_DEFINE_QUARK (felucca - mariadb, maria_error)

/* Nothing is NotFound here: to the daemon that would be the proof that nothing lives. */
static const struct
{
  guint code;
  FelFailure failure;
  gboolean is_refusal;
} failures[] = {
  { ER_CON_COUNT_ERROR, FEL_FAILURE_RATE_LIMITED, TRUE },
  { ER_TOO_MANY_USER_CONNECTIONS, FEL_FAILURE_RATE_LIMITED, TRUE },
  { ER_USER_LIMIT_REACHED, FEL_FAILURE_RATE_LIMITED, TRUE },
  { ER_DBACCESS_DENIED_ERROR, FEL_FAILURE_DENIED, TRUE },
  { ER_ACCESS_DENIED_ERROR, FEL_FAILURE_DENIED, TRUE },
  { ER_ACCESS_DENIED_NO_PASSWORD_ERROR, FEL_FAILURE_DENIED, TRUE },
  { ER_HOST_IS_BLOCKED, FEL_FAILURE_DENIED, TRUE },
  { ER_HOST_NOT_PRIVILEGED, FEL_FAILURE_DENIED, TRUE },
  { ER_TABLEACCESS_DENIED_ERROR, FEL_FAILURE_DENIED, TRUE },
  { ER_COLUMNACCESS_DENIED_ERROR, FEL_FAILURE_DENIED, TRUE },
  { ER_SPECIFIC_ACCESS_DENIED_ERROR, FEL_FAILURE_DENIED, TRUE },
  { ER_CANNOT_GRANT_ROLE, FEL_FAILURE_DENIED, TRUE },
  { ER_USER_IS_BLOCKED, FEL_FAILURE_DENIED, TRUE },
  { ER_ACCOUNT_HAS_BEEN_LOCKED, FEL_FAILURE_DENIED, TRUE },
  { ER_OPTION_PREVENTS_STATEMENT, FEL_FAILURE_PROVIDER, TRUE }, /* --read-only, --skip-grant-tables */
  { ER_CANNOT_USER, FEL_FAILURE_CONFLICT, TRUE },               /* there is such a user, or none */
  { ER_INVALID_ROLE, FEL_FAILURE_CONFLICT, TRUE },
  { ER_BAD_DB_ERROR, FEL_FAILURE_INTERNAL, TRUE }, /* of the option file */
  { ER_PARSE_ERROR, FEL_FAILURE_INTERNAL, TRUE },
  { ER_LOCK_WAIT_TIMEOUT, FEL_FAILURE_TIMED_OUT, FALSE },
  { ER_STATEMENT_TIMEOUT, FEL_FAILURE_TIMED_OUT, FALSE },
  { ER_QUERY_INTERRUPTED, FEL_FAILURE_TIMED_OUT, FALSE },
  { ER_SERVER_SHUTDOWN, FEL_FAILURE_UNREACHABLE, FALSE },
  { ER_NORMAL_SHUTDOWN, FEL_FAILURE_UNREACHABLE, FALSE },
  { ER_CONNECTION_KILLED, FEL_FAILURE_UNREACHABLE, FALSE },
  { CR_MALFORMED_PACKET, FEL_FAILURE_PROTOCOL, FALSE },
  { CR_VERSION_ERROR, FEL_FAILURE_PROTOCOL, FALSE },
  { CR_AUTH_PLUGIN_CANNOT_LOAD, FEL_FAILURE_DENIED, FALSE },
};

FelFailure
maria_failure_of (guint code)
{
  for (gsize i = 0; i < G_N_ELEMENTS (failures); i++)
    if (failures[i].code == code)
      return failures[i].failure;
  return code >= CLIENT_FIRST && code <= CLIENT_LAST ? FEL_FAILURE_UNREACHABLE : FEL_FAILURE_PROVIDER;
}

gboolean
maria_failure_is_refusal (guint code)
{
  for (gsize i = 0; i < G_N_ELEMENTS (failures); i++)
    if (failures[i].code == code)
      return failures[i].is_refusal;
  return FALSE;
}
