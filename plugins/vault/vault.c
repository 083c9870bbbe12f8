/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The backend for the database secrets engine of Vault and OpenBao. */
#include <stdlib.h>

#include "felucca-backend.h"

#include "felucca-config.h"

#include "setting.h"
#include "vault-answer.h"
#include "vault-request.h"

#define PORT_DEFAULT 5432
#define SSL_MODE_DEFAULT "require"

static const char *const settings[] = {
  "url", "namespace", "ca-file", "role-type", "host", "port", "database", "ssl-mode", NULL,
};

static gint64
now (void)
{
  return g_get_real_time () / G_USEC_PER_SEC;
}

/* A refusal says "permission denied" for a token that has ended and for one that may not: lookup-self, which every token
 * may that anybody could sign in with, tells them apart. */
static gboolean
is_token_dead (const FelVerbRequest *request, const FelHttpAnswer *answer)
{
  gboolean is_readable = FALSE;
  g_autoptr (FelHttpAnswer) lookup = NULL;

  if (answer->outcome != FEL_HTTP_ANSWERED || answer->status != 403
      || vault_answer_judge (answer, &is_readable).failure != FEL_FAILURE_DENIED || !is_readable)
    return FALSE;
  lookup = vault_get (request, "auth/token/lookup-self", "");
  return lookup->outcome == FEL_HTTP_ANSWERED && lookup->status == 403;
}

static bool
fail_dead (const FelHost *host, FelOut *out)
{
  return host->fail (out, FEL_FAILURE_UNAUTHENTICATED, "Vault answered 403: the token has ended or was never good");
}

static bool
fail (const FelHost *host, const FelVerbRequest *request, FelOut *out, const FelHttpAnswer *answer, bool mint)
{
  if (is_token_dead (request, answer))
    return fail_dead (host, out);
  return vault_answer_fail (host, out, answer, mint, request->token);
}

/* To the host, NOT_FOUND says that a lease has ended; a path or a namespace that is not there does not prove that. */
static bool
fail_lease (const FelHost *host, const FelVerbRequest *request, FelOut *out, const FelHttpAnswer *answer)
{
  VaultVerdict verdict = vault_answer_judge (answer, NULL);

  if (answer->outcome == FEL_HTTP_ANSWERED && verdict.failure == FEL_FAILURE_NOT_FOUND && !verdict.lease_gone)
    return host->fail (out, FEL_FAILURE_PROTOCOL,
                       "Vault answered 404 to a question about a lease: is its url or namespace another one now?");
  return fail (host, request, out, answer, false);
}

static gboolean
is_lease_gone (const FelHttpAnswer *answer)
{
  return answer->outcome == FEL_HTTP_ANSWERED && !vault_is_success (answer)
         && vault_answer_judge (answer, NULL).lease_gone;
}

/* Where to connect is not Vault's to say: whoever wrote the configuration knows. */
static void
report_server (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  const char *server = fel_setting (request, "host", NULL);

  host->set_string (out, FEL_FIELD_DATABASE_NAME, fel_setting (request, "database", NULL));
  if (server == NULL)
    return;
  host->set_string (out, FEL_FIELD_HOST, server);
  host->set_int64 (out, FEL_FIELD_PORT, fel_setting_port (request) ?: PORT_DEFAULT);
  host->set_string (out, FEL_FIELD_SSL_MODE, fel_setting (request, "ssl-mode", SSL_MODE_DEFAULT));
}

/* A lifetime cannot be asked for, but a lease can be moved as soon as it is there. Where that fails it lives as long as
 * its role says, which the answer to the mint has told. */
static void
wish_lifetime (const FelHost *host, const FelVerbRequest *request, FelOut *out, const VaultLease *lease)
{
  g_autofree char *json = NULL;
  g_autoptr (FelHttpAnswer) answer = NULL;
  gint64 now_sec = now ();
  gint64 duration_sec;

  if (request->ttl_sec == 0 || request->ttl_sec == (uint64_t) lease->duration_sec || !lease->renewable)
    return;
  json = vault_renew_json (lease->id, request->ttl_sec);
  answer = vault_put (request, "sys/leases/renew", json);
  duration_sec = vault_is_success (answer) ? vault_answer_duration (answer) : 0;
  if (duration_sec > 0)
    host->set_int64 (out, FEL_FIELD_NOT_AFTER, now_sec + duration_sec);
}

static bool
mint_dynamic (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  g_autofree char *path = g_strdup_printf ("%s/creds/%s", request->workspace, request->database);
  g_autofree char *prefix = g_strconcat (path, "/", NULL);
  gint64 now_sec = now ();
  g_autoptr (FelHttpAnswer) answer = vault_get (request, path, "");
  g_auto (VaultLease) lease = { NULL };

  if (answer->outcome != FEL_HTTP_ANSWERED)
    vault_answer_salvage (host, out, answer, prefix);
  if (!vault_is_success (answer))
    return fail (host, request, out, answer, true);
  if (!vault_answer_read_minted (host, out, answer, prefix, now_sec, &lease))
    return false;
  report_server (host, request, out);
  wish_lifetime (host, request, out, &lease);
  return true;
}

/* Nothing is made: everybody reads the same login until Vault changes its password. What was read is one credential
 * here, with an id of its own. */
static bool
mint_static (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  g_autofree char *path = g_strdup_printf ("%s/static-creds/%s", request->workspace, request->database);
  g_autofree char *random = g_uuid_string_random ();
  g_autofree char *id = g_strdup_printf ("%s/%s", path, request->intent != NULL ? request->intent : random);
  gint64 now_sec = now ();
  g_autoptr (FelHttpAnswer) answer = vault_get (request, path, "");

  if (!vault_is_success (answer))
    return fail (host, request, out, answer, false);
  if (!vault_answer_read_static (host, out, answer, id, now_sec))
    return false;
  report_server (host, request, out);
  return true;
}

static bool
vault_mint (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  if (!vault_check_target (host, request, out))
    return false;
  return vault_is_static (request) ? mint_static (host, request, out) : mint_dynamic (host, request, out);
}

static bool
vault_revoke (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  g_autofree char *json = NULL;
  g_autoptr (FelHttpAnswer) answer = NULL;

  if (vault_is_static_id (request->id))
    return true; /* there is no lease; the login is everybody's */
  json = vault_revoke_json (request->id);
  answer = vault_put (request, "sys/leases/revoke", json);
  if (vault_is_success (answer) || is_lease_gone (answer))
    return true;
  return fail_lease (host, request, out, answer);
}

static bool
vault_renew (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  g_autofree char *json = NULL;
  g_autoptr (FelHttpAnswer) answer = NULL;
  gint64 now_sec = now ();

  if (vault_is_static_id (request->id))
    return host->fail (out, FEL_FAILURE_UNSUPPORTED, "the password of a static role changes when Vault says so");
  json = vault_renew_json (request->id, request->ttl_sec);
  answer = vault_put (request, "sys/leases/renew", json);
  if (!vault_is_success (answer))
    return fail_lease (host, request, out, answer);
  return vault_answer_read_renewed (host, out, answer, now_sec);
}

/* Says when one lease was issued; one that has ended since the list was made is left out. */
static bool
list_lease (const FelHost *host, const FelVerbRequest *request, FelOut *out, const char *id)
{
  g_autofree char *json = vault_lease_json (id);
  g_autoptr (FelHttpAnswer) answer = vault_put (request, "sys/leases/lookup", json);

  if (is_lease_gone (answer))
    return true;
  if (!vault_is_success (answer))
    return fail_lease (host, request, out, answer);
  if (!vault_answer_read_issued (host, out, answer))
    return false;
  host->set_string (out, FEL_FIELD_ID, id);
  host->next (out);
  return true;
}

static bool
vault_list (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  g_autofree char *prefix = NULL;
  g_autofree char *path = NULL;
  g_autoptr (FelHttpAnswer) answer = NULL;
  g_autoptr (GPtrArray) keys = NULL;

  if (!vault_check_target (host, request, out))
    return false;
  if (vault_is_static (request))
    return true; /* reading a static role leaves nothing behind */
  prefix = g_strdup_printf ("%s/creds/%s/", request->workspace, request->database);
  path = g_strconcat ("sys/leases/lookup/", prefix, NULL);
  answer = vault_get (request, path, "?list=true");
  if (vault_answer_is_empty_list (answer))
    return true;
  if (!vault_is_success (answer))
    return fail_lease (host, request, out, answer);
  keys = vault_answer_read_keys (host, out, answer);
  for (guint i = 0; keys != NULL && i < keys->len; i++)
    {
      g_autofree char *id = g_strconcat (prefix, keys->pdata[i], NULL);

      if (!list_lease (host, request, out, id))
        return false;
    }
  return keys != NULL;
}

static bool
vault_probe (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  gint64 now_sec = now ();
  g_autoptr (FelHttpAnswer) answer = vault_get (request, "auth/token/lookup-self", "");

  if (answer->outcome == FEL_HTTP_ANSWERED && answer->status == 403)
    return fail_dead (host, out);
  if (!vault_is_success (answer))
    return vault_answer_fail (host, out, answer, false, request->token);
  return vault_answer_read_account (host, out, answer, now_sec);
}

static bool
vault_refresh (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  gint64 now_sec = now ();
  g_autoptr (FelHttpAnswer) answer = vault_post (request, "auth/token/renew-self", "{}");

  if (!vault_is_success (answer))
    return fail (host, request, out, answer, false);
  return vault_answer_read_token (host, out, answer, request->token, now_sec);
}

const FelBackend felucca_backend_v1 = {
  .struct_size = sizeof (FelBackend),
  .name = "vault",
  .description = "Vault or OpenBao (database secrets engine)",
  .version = FEL_VERSION,
  .flags = FEL_BACKEND_NEEDS_TOKEN | FEL_BACKEND_RENEWS_TOKEN,
  .settings = settings,
  .check = vault_check_settings,
  .mint = vault_mint,
  .revoke = vault_revoke,
  .list = vault_list,
  .probe = vault_probe,
  .refresh = vault_refresh,
  .renew = vault_renew,
};
