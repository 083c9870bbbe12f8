/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exec-failure.h"

#include <string.h>

#include "failure.h"
#include "json.h"

/* The words for error.code; README.md. */
static const struct
{
  const char *code;
  FelFailure failure;
} codes[] = {
  { "conflict", FEL_FAILURE_CONFLICT },         { "denied", FEL_FAILURE_DENIED },
  { "failed", FEL_FAILURE_PROVIDER },           { "invalid", FEL_FAILURE_INVALID },
  { "not-found", FEL_FAILURE_NOT_FOUND },       { "quota", FEL_FAILURE_QUOTA },
  { "rate-limited", FEL_FAILURE_RATE_LIMITED }, { "sign-in", FEL_FAILURE_UNAUTHENTICATED },
  { "timed-out", FEL_FAILURE_TIMED_OUT },       { "unreachable", FEL_FAILURE_UNREACHABLE },
  { "unsupported", FEL_FAILURE_UNSUPPORTED },
};

/* 0: it is none of the words. */
static FelFailure
failure_of_code (const char *code)
{
  for (gsize i = 0; code != NULL && i < G_N_ELEMENTS (codes); i++)
    if (g_str_equal (codes[i].code, code))
      return codes[i].failure;
  return 0;
}

gboolean
exec_failure_is_certain (const ExecAnswer *answer, JsonObject *object)
{
  JsonObject *error = fel_json_object (object, "error");

  if (answer->outcome == EXEC_NOT_STARTED)
    return TRUE;
  /* Where there is more than an error, one of both is wrong. */
  return answer->outcome == EXEC_EXITED && error != NULL && json_object_get_size (object) == 1
         && failure_of_code (fel_json_string (error, "code")) != 0;
}

bool
exec_fail (const FelHost *host, FelOut *out, ExecOperation operation, FelFailure failure, const char *sentence)
{
  return host->fail (out, operation == EXEC_MINT ? (int) failure | FEL_FAILURE_MAYBE_MINTED : (int) failure, sentence);
}

/* As its caller gave it one; else in our words. */
static char *
sentence_of_error (const ExecPlan *plan, JsonObject *error, gboolean certain)
{
  g_autofree char *message = fel_presentable (fel_json_string (error, "message"), NULL);
  const char *code = fel_json_string (error, "code");

  if (message != NULL)
    return g_strdup_printf ("the helper of '%s' says: %s", plan->instance, message);
  return g_strdup_printf ("the helper of '%s' failed%s%s", plan->instance, certain ? ": " : " and gave no reason",
                          certain ? code : "");
}

static char *
sentence_of_end (const ExecPlan *plan, const ExecAnswer *answer, gboolean is_object)
{
  if (answer->stopped)
    return g_strdup_printf ("the helper of '%s' was not done in time and was ended", plan->instance);
  if (answer->outcome == EXEC_TOO_LONG)
    return g_strdup_printf ("the helper of '%s' printed more than %d KiB", plan->instance, EXEC_OUTPUT_MAX / 1024);
  if (answer->outcome == EXEC_SIGNALLED)
    return g_strdup_printf ("the helper of '%s' was killed by signal %d", plan->instance, answer->status);
  if (answer->status != 0)
    return g_strdup_printf ("the helper of '%s' exited with status %d and gave no reason", plan->instance,
                            answer->status);
  return g_strdup_printf ("the helper of '%s' printed %s", plan->instance,
                          answer->len == 0 ? "nothing"
                          : is_object      ? "an error that is none"
                                           : "no JSON object");
}

/* Of an end without a word of the helper. A mint that is lost is the user's to look after, not to repeat. */
static FelFailure
failure_of_end (const ExecAnswer *answer, ExecOperation operation)
{
  if (answer->outcome == EXEC_TOO_LONG)
    return FEL_FAILURE_PROTOCOL;
  if (answer->outcome == EXEC_EXITED && answer->status == 0 && !answer->stopped)
    return FEL_FAILURE_PROTOCOL;
  if (operation == EXEC_MINT)
    return FEL_FAILURE_NO_ANSWER;
  return answer->stopped ? FEL_FAILURE_TIMED_OUT : FEL_FAILURE_PROVIDER;
}

static bool
report_unstarted (const FelHost *host, FelOut *out, const ExecPlan *plan, const ExecAnswer *answer)
{
  g_autofree char *sentence = g_strdup_printf ("the helper of '%s', %s, was not started: %s", plan->instance,
                                               plan->argv[0], answer->why);

  return host->fail (out, FEL_FAILURE_INTERNAL, sentence);
}

bool
exec_failure_report (const FelHost *host, FelOut *out, const ExecPlan *plan, ExecOperation operation,
                     const ExecAnswer *answer, JsonObject *object)
{
  JsonObject *error = fel_json_object (object, "error");
  gboolean certain = exec_failure_is_certain (answer, object);
  g_autofree char *sentence = NULL;

  if (answer->outcome == EXEC_NOT_STARTED)
    return report_unstarted (host, out, plan, answer);
  if (error == NULL || answer->outcome != EXEC_EXITED)
    {
      sentence = sentence_of_end (plan, answer, object != NULL);
      return exec_fail (host, out, operation, failure_of_end (answer, operation), sentence);
    }
  sentence = sentence_of_error (plan, error, certain);
  if (certain)
    return host->fail (out, (int) failure_of_code (fel_json_string (error, "code")), sentence);
  return exec_fail (host, out, operation, operation == EXEC_MINT ? FEL_FAILURE_NO_ANSWER : FEL_FAILURE_PROVIDER,
                    sentence);
}
