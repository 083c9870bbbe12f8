/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One method call to the daemon, from its first argument to its answer: strings first, then the options.
 * Building never fails: the first error is kept and comes out of fel_call_send. */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

#include "daemon.h"

#define FEL_CALL_SECONDS 30
#define FEL_CALL_SECONDS_LONG 180 /* the keyring may be asking the user meanwhile */

typedef struct FelCall
{
  FelDaemon *daemon;
  sd_bus_message *message; /* owned; NULL once sent */
  int r;                   /* the first error of building it, a negative errno */
  gboolean has_options;
  gboolean unknown_method; /* the daemon has no such method: it is of another version */
  gboolean unsupported;    /* this backend has no such verb */
  sd_bus_slot *slot;       /* owned; begun */
  sd_bus_message *reply;   /* owned; what came of that, an error perhaps */
} FelCall;

FelCall *fel_call_new (FelDaemon *daemon, const char *interface, const char *member);
void fel_call_free (FelCall *self);

void fel_call_string (FelCall *self, const char *text);
void fel_call_begin_options (FelCall *self);
void fel_call_option_string (FelCall *self, const char *name, const char *value);
void fel_call_option_bool (FelCall *self, const char *name, gboolean value);
void fel_call_option_number (FelCall *self, const char *name, guint64 value);
void fel_call_option_fd (FelCall *self, const char *name, int fd); /* keeps a duplicate until it is sent */

/* Waits. The message is gone afterwards, and with it our duplicates of descriptors. (transfer full) */
sd_bus_message *fel_call_send (FelCall *self, guint seconds, GError **error);

/* The same without waiting: the answer comes while the bus is processed. */
gboolean fel_call_begin (FelCall *self, guint seconds, GError **error);
gboolean fel_call_is_done (const FelCall *self);
sd_bus_message *fel_call_take_reply (FelCall *self, GError **error); /* (transfer full) */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelCall, fel_call_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (sd_bus_message, sd_bus_message_unref)
