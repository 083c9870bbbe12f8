/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The journal lines of the daemon: one for each request, at its end, with fields of public facts only.
 * A kind of line has a fixed MESSAGE_ID, see `journalctl --user MESSAGE_ID=…`. */
#pragma once

#include <glib.h>

typedef struct FelLogRequest
{
  const char *caller; /* unit or program; (nullable) */
  const char *method;
  const char *backend; /* (nullable), like the next ones */
  const char *workspace;
  const char *database;
  const char *id;
  const GError *error; /* NULL: success */
  gint64 duration_usec;
} FelLogRequest;

void fel_log_request (const FelLogRequest *line);

typedef struct FelLogSettled
{
  const char *intent;
  const char *backend;
  const char *workspace;
  const char *database;
  const char *id;   /* (nullable) */
  const char *what; /* became of it: the end of the sentence */
} FelLogSettled;

/* A mint whose outcome was not known has come to its end. */
void fel_log_settled (const FelLogSettled *line);

/* What the look at its own sandbox found. missing: (nullable) all of it is in force. */
void fel_log_sandbox (const char *missing);

/* What the daemon does of itself, and nobody has to mend. */
void fel_log_notice (const char *sentence);

/* A condition of the daemon itself: a broken file, a bus that cannot be reached. */
void fel_log_problem (const char *sentence);
