/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Who is calling: one for each connection on the bus, from its first call until it leaves. The bus daemon is asked once
 * who it is; a connection of another uid, or one that nobody can name, is refused. A peer is known from the start: the
 * kernel says who it is. */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

typedef struct FelCaller
{
  struct FelCallers *callers;
  char *name;  /* unique bus name; NULL for a peer */
  char *label; /* for the journal: its unit, else its program; NULL until it is known */
  guint open;  /* calls of it that have no answer yet */
  gboolean known;
  gboolean allowed;
  GPtrArray *waiting;     /* of calls that came before it was known */
  sd_bus_slot *departure; /* the match for its leaving */
  sd_bus_slot *question;  /* who it is */
} FelCaller;

typedef struct FelCallers FelCallers;

/* left: that connection is gone; the caller dies when this returns. */
typedef void (*FelCallerLeft) (FelCaller *caller, gpointer user_data);
typedef void (*FelCallerKnown) (FelCaller *caller, gpointer user_data);

/* bus: (nullable) without, there are peers alone. */
FelCallers *fel_callers_new (sd_bus *bus, FelCallerLeft left, gpointer user_data);
void fel_callers_free (FelCallers *self); /* (nullable) */

/* The one who sent this message. NULL: no memory, or a message without a sender. */
FelCaller *fel_callers_find (FelCallers *self, sd_bus_message *message);

/* Calls known when `known` is set, at once if it is; never when the caller leaves before. */
void fel_caller_when_known (FelCaller *self, FelCallerKnown known, gpointer user_data);

/* A connection without a bus, whose uid has been found to be ours. */
FelCaller *fel_callers_add_peer (FelCallers *self, sd_bus *peer, pid_t pid);
void fel_callers_remove_peer (FelCallers *self, sd_bus *peer);
