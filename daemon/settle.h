/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Finds out what became of one mint whose outcome is not known, and ends what is proven ours. An explicit state machine
 * on the main thread; it can be cut off at any step and begun anew.
 *
 *   id known            stored → nothing is left to do; else that id is revoked
 *   id not known        the provider lists what lives there and is not accounted for:
 *     nothing           after a while: nothing came of it
 *     what bears it     revoked: it is proven ours
 *     something         exclusive instance: revoked; else the user decides */
#pragma once

#include "broker.h"
#include "ledger.h"

/* error: why it could not be settled; NULL when it was (entry->ended), or when it waits: for time, for the user. */
typedef void (*FelSettleDone) (FelLedgerEntry *entry, const GError *error, gpointer user_data);

/* Ends it with a line in the journal, also while it is being settled. what: became of it, the end of a sentence. */
void fel_settle_end (FelBroker *broker, FelLedgerEntry *entry, const char *what);

/* The entry must not be MINTING; one that is being settled is waited for. by_user: the user has decided that it is to be
 * revoked. Never prompts. */
void fel_settle_run (FelBroker *broker, FelLedgerEntry *entry, gboolean by_user, FelSettleDone done,
                     gpointer user_data);
