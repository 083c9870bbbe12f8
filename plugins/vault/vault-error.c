/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vault-error.h"

#include <string.h>

/* The first that fits, before the status is looked at. */
static const struct
{
  guint status; /* 0: any */
  const char *text;
  bool is_whole; /* the text and no more */
  VaultVerdict verdict;
} texts[] = {
  /* Word for word, it is said before the request is looked at; wrapped into something else it may come from the middle
   * of it. */
  { 503, "Vault is sealed", true, { FEL_FAILURE_UNREACHABLE, .proven = true } },
  { 503, "Namespace is sealed", true, { FEL_FAILURE_UNREACHABLE, .proven = true } },
  { 0, "is sealed", false, { FEL_FAILURE_UNREACHABLE } },
  { 0, "standby", false, { FEL_FAILURE_UNREACHABLE } },
  { 503, "no active Vault instance", false, { FEL_FAILURE_UNREACHABLE } },
  { 503, "not active", false, { FEL_FAILURE_UNREACHABLE } },
  { 403, "invalid token", false, { FEL_FAILURE_UNAUTHENTICATED, .proven = true } },
  { 403, "bad token", false, { FEL_FAILURE_UNAUTHENTICATED, .proven = true } },
  { 400, "unknown role", false, { FEL_FAILURE_NOT_FOUND, .proven = true } },
  { 0, "is not an allowed role", false, { FEL_FAILURE_DENIED, .proven = true } },
  { 0, "lease not found", false, { FEL_FAILURE_NOT_FOUND, .lease_gone = true } },
  { 0, "lease expired", false, { FEL_FAILURE_NOT_FOUND, .lease_gone = true } },
  { 0, "invalid lease", false, { FEL_FAILURE_NOT_FOUND, .lease_gone = true } },
  { 0, "past the max TTL", false, { FEL_FAILURE_NOT_FOUND, .lease_gone = true } },
  { 0, "lease is not renewable", false, { FEL_FAILURE_UNSUPPORTED } },
  { 0, "failed to revoke", false, { FEL_FAILURE_PROVIDER } }, /* with 400, but it is the database that would not */
};

static const struct
{
  guint status;
  VaultVerdict verdict;
} statuses[] = {
  { 307, { FEL_FAILURE_UNREACHABLE } }, /* a standby; it may have passed the request on and lost the answer */
  { 400, { FEL_FAILURE_INVALID, .proven = true } },
  { 401, { FEL_FAILURE_UNAUTHENTICATED, .proven = true } },
  { 403, { FEL_FAILURE_DENIED, .proven = true } },
  { 404, { FEL_FAILURE_NOT_FOUND, .proven = true } },
  { 405, { FEL_FAILURE_UNSUPPORTED, .proven = true } },
  { 408, { FEL_FAILURE_NO_ANSWER } },
  { 409, { FEL_FAILURE_CONFLICT, .proven = true } },
  { 412, { FEL_FAILURE_UNREACHABLE } }, /* this node is behind */
  { 415, { FEL_FAILURE_PROTOCOL, .proven = true } },
  { 422, { FEL_FAILURE_INVALID, .proven = true } },
  { 423, { FEL_FAILURE_DENIED } }, /* the user or the namespace is locked */
  { 429, { FEL_FAILURE_RATE_LIMITED, .proven = true } },
  { 472, { FEL_FAILURE_UNREACHABLE } }, /* a standby of a replica; on other paths than sys/health undocumented */
  { 473, { FEL_FAILURE_UNREACHABLE } },
  { 503, { FEL_FAILURE_UNREACHABLE } },
};

VaultVerdict
vault_judge (guint status, const char *text)
{
  for (gsize i = 0; text != NULL && i < G_N_ELEMENTS (texts); i++)
    if ((texts[i].status == 0 || texts[i].status == status)
        && (texts[i].is_whole ? g_str_equal (text, texts[i].text) : strstr (text, texts[i].text) != NULL))
      return texts[i].verdict;
  for (gsize i = 0; i < G_N_ELEMENTS (statuses); i++)
    if (statuses[i].status == status)
      return statuses[i].verdict;
  return (VaultVerdict){ status >= 300 && status < 400 ? FEL_FAILURE_PROTOCOL : FEL_FAILURE_PROVIDER };
}
