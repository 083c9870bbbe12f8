/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is asked of Vault: the instance's settings, which mounts and roles there can be, the bodies of requests.
 * Each exchange is one request at most, and blocks; fine from any worker. */
#pragma once

#include "felucca-backend.h"
#include "http.h"

/* Are the instance's settings usable? */
bool vault_check_settings (const FelHost *host, const FelVerbRequest *request, FelOut *out);

/* Can workspace and database be a mount and a role, and is nothing asked for that Vault has not? */
bool vault_check_target (const FelHost *host, const FelVerbRequest *request, FelOut *out);

gboolean vault_is_static (const FelVerbRequest *request);

/* "{mount}/static-creds/{role}/{UUID}": what was read of a static role. */
gboolean vault_is_static_id (const char *id);

/* GET /v1/{path}{suffix}; path is encoded, suffix is not. Sent once at most. */
FelHttpAnswer *vault_get (const FelVerbRequest *request, const char *path, const char *suffix);

/* PUT or POST with a JSON body. path: as it is. */
FelHttpAnswer *vault_put (const FelVerbRequest *request, const char *path, const char *json);
FelHttpAnswer *vault_post (const FelVerbRequest *request, const char *path, const char *json);

/* {"lease_id": …} with one member more. */
char *vault_lease_json (const char *id);
char *vault_renew_json (const char *id, uint64_t increment_sec); /* 0: as the role says */
char *vault_revoke_json (const char *id);

bool vault_is_success (const FelHttpAnswer *answer);
