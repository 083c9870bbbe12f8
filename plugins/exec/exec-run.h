/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One run of a helper, from its start until nothing of its process group is left: what it printed and how it ended.
 * Blocks its thread until the helper's end, the deadline or the cancellation, and then for EXEC_GRACE_SEC at most. */
#pragma once

#include <gio/gio.h>

#include "exec-plan.h"

#define EXEC_OUTPUT_MAX (64 * 1024)
#define EXEC_GRACE_SEC 2 /* between SIGTERM and SIGKILL */

typedef enum
{
  EXEC_NOT_STARTED, /* nothing of it ran; `why` says more */
  EXEC_EXITED,
  EXEC_SIGNALLED,
  EXEC_TOO_LONG, /* it printed more than EXEC_OUTPUT_MAX and was ended */
} ExecOutcome;

typedef struct ExecAnswer
{
  ExecOutcome outcome;
  int status;       /* of the exit, or the signal's number */
  gboolean stopped; /* it was told to end: the deadline or the cancellation */
  char *why;
  gsize len;
  char body[EXEC_OUTPUT_MAX];
} ExecAnswer;

/* input: what it can read. Never NULL. */
ExecAnswer *exec_run (const ExecPlan *plan, const char *input, guint timeout_sec, GCancellable *cancellable);

/* Erases the body. (nullable) */
void exec_answer_free (ExecAnswer *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ExecAnswer, exec_answer_free)
