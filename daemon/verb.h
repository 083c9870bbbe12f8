/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A backend call on behalf of whoever is signed in: gets an access token where the backend needs one, runs the call,
 * and when the provider refuses the token, refreshes it once and runs the call once more. */
#pragma once

#include "backend-call.h"

/* done as in fel_backend_call_run. A token that the call has already is used first. The instance must be prepared, and the keyring unlocked if it needs a token. */
void fel_verb_run (FelBroker *broker, FelBackendCall *call, FelBackendCallDone done, gpointer user_data);
