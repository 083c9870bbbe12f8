/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The bodies of bus messages: options in; credentials, accounts and backends out. Append functions return what sd-bus
 * returns: negative errno on failure. */
#pragma once

#include <systemd/sd-bus.h>

#include "request.h"

/* At the start of an a{sv}; reads it to its end. */
gboolean fel_message_read_options (sd_bus_message *message, FelCall call, FelOptions *options, GError **error);

/* Reads one string; checks it as a name unless may_be_empty and it is. */
gboolean fel_message_read_name (sd_bus_message *message, const char *what, gboolean may_be_empty, char **ret_name,
                                GError **error);

/* One a{sv}. password: (nullable), the last entry, so that growing the body leaves no copies of it. */
int fel_message_append_credential (sd_bus_message *message, const FelCredential *credential, gboolean stored,
                                   gboolean revoking, const FelSecret *password);

/* One aa{sv}, of FelListed. */
int fel_message_append_listed (sd_bus_message *message, GPtrArray *list);

/* One aa{sv}, of FelLedgerEntry. */
int fel_message_append_unresolved (sd_bus_message *message, GPtrArray *entries);

/* One a{sv}. */
int fel_message_append_account (sd_bus_message *message, const FelInstance *instance, const FelTokenSlot *slot,
                                const FelToken *token);

/* One a{sa{sv}}: every instance of the configuration. */
int fel_message_append_backends (sd_bus_message *message, FelBroker *broker);

/* One a{ss}. sandbox: (nullable) nobody has looked. */
int fel_message_append_sandbox (sd_bus_message *message, const FelSandbox *sandbox);
