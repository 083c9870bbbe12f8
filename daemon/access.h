/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Gets a usable access token for an instance: from memory, from the keyring, or by one refresh for any number of
 * waiters. A refreshed token is in the keyring before anybody gets it. The keyring must be unlocked. */
#pragma once

#include "broker.h"

/* token: lent; NULL with an error. */
typedef void (*FelAccessDone) (FelToken *token, const GError *error, gpointer user_data);

/* rejected: (nullable) the token that the provider has just refused. interactive: the keyring may ask its user. */
void fel_access_get (FelBroker *broker, FelInstance *instance, FelToken *rejected, gboolean interactive,
                     FelAccessDone done, gpointer user_data);

/* Puts a sign-in into the keyring in place of an older one, then into the cache. done: token as given. */
void fel_access_keep (FelBroker *broker, FelInstance *instance, FelToken *token, FelAccessDone done,
                      gpointer user_data);

/* The provider wants a new sign-in: remembers that, tells it once. token: (nullable) the one that was refused; a newer
 * one is not touched. */
void fel_access_refuse (FelBroker *broker, FelInstance *instance, const FelToken *token);

/* "sign in" as an error, with what to type. reason: (nullable) what the provider said. */
GError *fel_access_error (const FelInstance *instance, const GError *reason);
