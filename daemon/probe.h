/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A file that may be a backend is opened in a process of its own before it is opened in ours: what crashes, leaves or
 * hangs while it is loaded does so there. The process is this program itself; it inherits no descriptor, knows no bus and
 * no secret, and whatever it has started is ended with it. */
#pragma once

#include <glib.h>

#define FEL_PROBE_OPTION "--probe-backend"
#define FEL_PROBE_SEC 5

typedef struct FelProbeResult
{
  char *refusal; /* why the file is no usable backend; NULL: it is one */
  char *report;  /* the rules that were looked at, one a line */
  gboolean late; /* it was ended at its deadline: perhaps only the machine is slow */
} FelProbeResult;

typedef void (*FelProbeDone) (const FelProbeResult *result, gpointer user_data);

/* Main thread; answers from the main context, by its deadline. loud: what the file prints goes to our standard error.
 * FALSE: nothing was started. */
gboolean fel_probe_start (const char *path, gboolean loud, FelProbeDone done, gpointer user_data, GError **error);

/* What the process of its own does. Returns its exit status. */
int fel_probe_main (const char *path);

/* Probes one file and prints the report, for authors of backends. Returns an exit status. */
int fel_probe_check_main (const char *path);
