/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "log.h"

#include "error.h"

#define MESSAGE_ID_REQUEST_DONE "5d0ce9cb0bdb4c49a21ff0b4d0f0c8fb"
#define MESSAGE_ID_REQUEST_FAILED "c2b2d3e8b5b84df3a5ea1f6a7f86d1ce"
#define MESSAGE_ID_PROBLEM "0f6a3b1ea3ff41b3a7f5c9f6d3b4e2a7"
#define MESSAGE_ID_NOTICE "b1c94e0d7a0e4f86a3de52c86f0d9a14"
#define MESSAGE_ID_SETTLED "7e1c6b0f3a5d4d0c9b8e2f4a6c1d3e57"
#define MESSAGE_ID_SANDBOX "9b3d7a5e6c0f4c5fb2a1d8e47f60c3ab"
#define FIELDS_MAX 16

typedef struct
{
  GLogField fields[FIELDS_MAX];
  gsize n;
} Line;

static void
line_add (Line *line, const char *key, const char *value)
{
  if (value == NULL || *value == '\0')
    return;
  g_assert (line->n < FIELDS_MAX);
  line->fields[line->n++] = (GLogField){ key, value, -1 };
}

void
fel_log_request (const FelLogRequest *line)
{
  gboolean ok = line->error == NULL;
  const char *outcome = ok ? "done" : fel_error_short_name (line->error);
  g_autofree char *duration = g_strdup_printf ("%" G_GINT64_FORMAT, line->duration_usec);
  g_autofree char *target = line->workspace != NULL && *line->workspace != '\0'
                                ? g_strdup_printf (" for %s/%s", line->workspace,
                                                   line->database != NULL ? line->database : "")
                                : g_strdup ("");
  g_autofree char *message = g_strdup_printf ("%s: %s%s: %s%s%s", line->caller != NULL ? line->caller : "?",
                                              line->method, target, outcome, ok ? "" : ": ",
                                              ok ? "" : line->error->message);
  Line fields = { .n = 0 };

  line_add (&fields, "MESSAGE", message);
  line_add (&fields, "MESSAGE_ID", ok ? MESSAGE_ID_REQUEST_DONE : MESSAGE_ID_REQUEST_FAILED);
  line_add (&fields, "PRIORITY", ok ? "6" : "5");
  line_add (&fields, "GLIB_DOMAIN", G_LOG_DOMAIN);
  line_add (&fields, "FEL_CALLER", line->caller);
  line_add (&fields, "FEL_METHOD", line->method);
  line_add (&fields, "FEL_BACKEND", line->backend);
  line_add (&fields, "FEL_WORKSPACE", line->workspace);
  line_add (&fields, "FEL_DATABASE", line->database);
  line_add (&fields, "FEL_CREDENTIAL_ID", line->id);
  line_add (&fields, "FEL_OUTCOME", outcome);
  line_add (&fields, "FEL_DURATION_USEC", duration);
  /* GLib drops what is below MESSAGE; the journal goes by PRIORITY. */
  g_log_structured_array (G_LOG_LEVEL_MESSAGE, fields.fields, fields.n);
}

void
fel_log_settled (const FelLogSettled *line)
{
  g_autofree char *message = g_strdup_printf ("intent %s, a mint for %s/%s at %s: %s", line->intent, line->workspace,
                                              line->database, line->backend, line->what);
  Line fields = { .n = 0 };

  line_add (&fields, "MESSAGE", message);
  line_add (&fields, "MESSAGE_ID", MESSAGE_ID_SETTLED);
  line_add (&fields, "PRIORITY", "5");
  line_add (&fields, "GLIB_DOMAIN", G_LOG_DOMAIN);
  line_add (&fields, "FEL_INTENT", line->intent);
  line_add (&fields, "FEL_BACKEND", line->backend);
  line_add (&fields, "FEL_WORKSPACE", line->workspace);
  line_add (&fields, "FEL_DATABASE", line->database);
  line_add (&fields, "FEL_CREDENTIAL_ID", line->id);
  g_log_structured_array (G_LOG_LEVEL_MESSAGE, fields.fields, fields.n);
}

void
fel_log_sandbox (const char *missing)
{
  g_autofree char *message = missing != NULL ? g_strdup_printf ("the sandbox lacks: %s", missing)
                                             : g_strdup ("the sandbox is complete");
  Line fields = { .n = 0 };

  line_add (&fields, "MESSAGE", message);
  line_add (&fields, "MESSAGE_ID", MESSAGE_ID_SANDBOX);
  line_add (&fields, "PRIORITY", missing != NULL ? "5" : "6");
  line_add (&fields, "GLIB_DOMAIN", G_LOG_DOMAIN);
  line_add (&fields, "FEL_SANDBOX", missing != NULL ? "incomplete" : "complete");
  line_add (&fields, "FEL_SANDBOX_MISSING", missing);
  g_log_structured_array (G_LOG_LEVEL_MESSAGE, fields.fields, fields.n);
}

static void
log_sentence (const char *sentence, const char *message_id, const char *priority, GLogLevelFlags level)
{
  const GLogField fields[] = {
    { "MESSAGE", sentence, -1 },
    { "MESSAGE_ID", message_id, -1 },
    { "PRIORITY", priority, -1 },
    { "GLIB_DOMAIN", G_LOG_DOMAIN, -1 },
  };

  g_log_structured_array (level, fields, G_N_ELEMENTS (fields));
}

void
fel_log_notice (const char *sentence)
{
  log_sentence (sentence, MESSAGE_ID_NOTICE, "5", G_LOG_LEVEL_MESSAGE);
}

void
fel_log_problem (const char *sentence)
{
  log_sentence (sentence, MESSAGE_ID_PROBLEM, "4", G_LOG_LEVEL_WARNING);
}
