/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Version 1 of the backend ABI as it was published. A line that no longer holds breaks every backend that was ever built:
 * mend the header, not this file. What is appended to a struct gets a line here; the sizes are the only lines that may
 * change, and they may only grow. */
#include "felucca-backend.h"

#include <stdbool.h>
#include <stddef.h>

#include <glib.h>

#define AT(type, field, offset) _Static_assert(offsetof (type, field) == (offset), #type "." #field " has moved")
#define IS(name, value) _Static_assert((name) == (value), #name " has another value")

/* On machines with 64-bit pointers, which are all that felucca is built for so far. */
#if __SIZEOF_POINTER__ == 8

AT (FelHost, struct_size, 0);
AT (FelHost, fail, 8);
AT (FelHost, set_string, 16);
AT (FelHost, set_int64, 24);
AT (FelHost, set_bool, 32);
AT (FelHost, set_secret, 40);
AT (FelHost, set_refresh_secret, 48);
AT (FelHost, next, 56);
_Static_assert(sizeof (FelHost) == 64, "FelHost has grown: the new fields go into this list");

AT (FelSetting, key, 0);
AT (FelSetting, value, 8);
_Static_assert(sizeof (FelSetting) == 16, "FelSetting has grown: the new fields go into this list");

AT (FelVerbRequest, struct_size, 0);
AT (FelVerbRequest, instance, 8);
AT (FelVerbRequest, workspace, 16);
AT (FelVerbRequest, database, 24);
AT (FelVerbRequest, tenant_id, 32);
AT (FelVerbRequest, internal, 40);
AT (FelVerbRequest, id, 48);
AT (FelVerbRequest, label, 56);
AT (FelVerbRequest, token, 64);
AT (FelVerbRequest, refresh_token, 72);
AT (FelVerbRequest, settings, 80);
AT (FelVerbRequest, n_settings, 88);
AT (FelVerbRequest, timeout_sec, 96);
AT (FelVerbRequest, cancellable, 104);
AT (FelVerbRequest, ttl_sec, 112);
AT (FelVerbRequest, intent, 120);
AT (FelVerbRequest, redirect_uri, 128);
AT (FelVerbRequest, state, 136);
AT (FelVerbRequest, code_challenge, 144);
AT (FelVerbRequest, code, 152);
AT (FelVerbRequest, code_verifier, 160);
_Static_assert(sizeof (FelVerbRequest) == 168, "FelVerbRequest has grown: the new fields go into this list");

AT (FelBackend, struct_size, 0);
AT (FelBackend, name, 8);
AT (FelBackend, description, 16);
AT (FelBackend, version, 24);
AT (FelBackend, flags, 32);
AT (FelBackend, settings, 40);
AT (FelBackend, check, 48);
AT (FelBackend, mint, 56);
AT (FelBackend, revoke, 64);
AT (FelBackend, list, 72);
AT (FelBackend, probe, 80);
AT (FelBackend, refresh, 88);
AT (FelBackend, renew, 96);
AT (FelBackend, authorize_url, 104);
AT (FelBackend, exchange, 112);
_Static_assert(sizeof (FelBackend) == 120, "FelBackend has grown: the new fields go into this list");

_Static_assert(sizeof (FelField) == 4 && sizeof (bool) == 1, "arguments are passed in another way");

#endif

IS (FEL_FAILURE_INTERNAL, 1);
IS (FEL_FAILURE_INVALID, 2);
IS (FEL_FAILURE_UNAUTHENTICATED, 3);
IS (FEL_FAILURE_DENIED, 4);
IS (FEL_FAILURE_NOT_FOUND, 5);
IS (FEL_FAILURE_CONFLICT, 6);
IS (FEL_FAILURE_QUOTA, 7);
IS (FEL_FAILURE_RATE_LIMITED, 8);
IS (FEL_FAILURE_UNREACHABLE, 9);
IS (FEL_FAILURE_TIMED_OUT, 10);
IS (FEL_FAILURE_CANCELLED, 11);
IS (FEL_FAILURE_PROVIDER, 12);
IS (FEL_FAILURE_PROTOCOL, 13);
IS (FEL_FAILURE_UNSUPPORTED, 14);
IS (FEL_FAILURE_NO_ANSWER, 15);

IS (FEL_FIELD_ID, 1);
IS (FEL_FIELD_USER, 2);
IS (FEL_FIELD_HOST, 3);
IS (FEL_FIELD_PORT, 4);
IS (FEL_FIELD_SSL_MODE, 5);
IS (FEL_FIELD_DATABASE_ID, 6);
IS (FEL_FIELD_TENANT_ID, 7);
IS (FEL_FIELD_INTERNAL, 8);
IS (FEL_FIELD_CREATED, 9);
IS (FEL_FIELD_NOT_AFTER, 10);
IS (FEL_FIELD_REGION, 11);
IS (FEL_FIELD_STATUS, 12);
IS (FEL_FIELD_API_HOST, 13);
IS (FEL_FIELD_SHARDED, 14);
IS (FEL_FIELD_EXPANDABLE, 15);
IS (FEL_FIELD_ACCOUNT, 16);
IS (FEL_FIELD_WORKSPACE, 17);
IS (FEL_FIELD_EXPIRES, 18);
IS (FEL_FIELD_DATABASE_NAME, 19);
IS (FEL_FIELD_RENEWABLE, 20);
IS (FEL_FIELD_LOGIN_ONLY, 21);
IS (FEL_FIELD_INTENT, 22);
IS (FEL_FIELD_URL, 23);
IS (FEL_FIELD_PROTOCOL, 24);

IS (FEL_FAILURE_MAYBE_MINTED, 0x100);
IS (FEL_BACKEND_NEEDS_TOKEN, 0x1);
IS (FEL_BACKEND_NO_WORKSPACES, 0x2);
IS (FEL_BACKEND_LISTS_INTENTS, 0x4);
IS (FEL_BACKEND_RENEWS_TOKEN, 0x8);

/* All of it is judged by the compiler. */
static void
test_symbol (void)
{
  g_assert_cmpstr (FEL_BACKEND_SYMBOL, ==, "felucca_backend_v1");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/abi/symbol", test_symbol);
  return g_test_run ();
}
