/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The backend for any helper program. */
#include "felucca-backend.h"

#include "felucca-config.h"

#include "exec-answer.h"
#include "exec-request.h"

static bool
fail_setting (const FelHost *host, FelOut *out, char *problem /* (transfer full) */)
{
  g_autofree char *owned = problem;

  return host->fail (out, FEL_FAILURE_INVALID, owned);
}

static bool
fail_unsupported (const FelHost *host, FelOut *out, const ExecPlan *plan, ExecOperation operation)
{
  g_autofree char *sentence = g_strdup_printf ("the helper of '%s' cannot %s", plan->instance,
                                               exec_operation_name (operation));

  return host->fail (out, FEL_FAILURE_UNSUPPORTED, sentence);
}

static bool
run_helper (const FelHost *host, const FelVerbRequest *request, FelOut *out, const ExecPlan *plan,
            ExecOperation operation)
{
  g_autofree char *input = exec_request_to_json (plan, request, operation);
  g_autoptr (ExecAnswer) answer = exec_run (plan, input, request->timeout_sec, request->cancellable);
  ExecCall call = { plan, operation, request->intent, 0 };

  if (request->ttl_sec != 0)
    call.wished_end_sec = g_get_real_time () / G_USEC_PER_SEC + (gint64) request->ttl_sec;
  return exec_answer_read (host, out, &call, answer);
}

static bool
run_operation (const FelHost *host, const FelVerbRequest *request, FelOut *out, ExecOperation operation)
{
  char *problem = NULL;
  g_autoptr (ExecPlan) plan = exec_plan_new (request, &problem);

  if (plan == NULL)
    return fail_setting (host, out, problem);
  if (!plan->can[operation])
    return fail_unsupported (host, out, plan, operation);
  return run_helper (host, request, out, plan, operation);
}

/* What cannot be revoked ends by itself. Until then it lives, and to say anything else would be a lie. */
static bool
revoke_by_time (const FelHost *host, FelOut *out, const char *id, const ExecPlan *plan)
{
  gint64 end_sec = exec_id_end_sec (id);
  g_autoptr (GDateTime) end = end_sec != 0 ? g_date_time_new_from_unix_utc (end_sec) : NULL;
  g_autofree char *when = end != NULL ? g_date_time_format (end, "; it ends by itself at %FT%TZ") : NULL;
  g_autofree char *sentence = NULL;

  if (end_sec != 0 && end_sec <= g_get_real_time () / G_USEC_PER_SEC)
    return true;
  sentence = g_strdup_printf ("the helper of '%s' cannot revoke%s; `felucca revoke --local-only` forgets it here",
                              plan->instance, when != NULL ? when : "");
  return host->fail (out, FEL_FAILURE_UNSUPPORTED, sentence);
}

static bool
exec_check (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  char *problem = NULL;
  g_autoptr (ExecPlan) plan = exec_plan_new (request, &problem);

  return plan != NULL || fail_setting (host, out, problem);
}

static bool
exec_mint (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  return run_operation (host, request, out, EXEC_MINT);
}

static bool
exec_revoke (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  char *problem = NULL;
  g_autoptr (ExecPlan) plan = exec_plan_new (request, &problem);

  if (plan == NULL)
    return fail_setting (host, out, problem);
  if (!plan->can[EXEC_REVOKE])
    return revoke_by_time (host, out, request->id, plan);
  return run_helper (host, request, out, plan, EXEC_REVOKE);
}

static bool
exec_list (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  return run_operation (host, request, out, EXEC_LIST);
}

static bool
exec_renew (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  return run_operation (host, request, out, EXEC_RENEW);
}

const FelBackend felucca_backend_v1 = {
  .struct_size = sizeof (FelBackend),
  .name = "exec",
  .description = "a helper program",
  .version = FEL_VERSION,
  .flags = FEL_BACKEND_NO_WORKSPACES,
  .settings = exec_settings,
  .check = exec_check,
  .mint = exec_mint,
  .revoke = exec_revoke,
  .list = exec_list,
  .renew = exec_renew,
};
