/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads the answers of Vault and OpenBao and reports what is in them to the host. Unknown fields pass; a field of the
 * wrong type counts as not sent. */
#pragma once

#include "felucca-backend.h"
#include "http.h"
#include "vault-error.h"

/* A lease as its answer tells it. */
typedef struct VaultLease
{
  char *id;            /* owned */
  gint64 duration_sec; /* 0: not said */
  gboolean renewable;
} VaultLease;

/* {"errors": […]}: what the first one means. ret_is_readable: (nullable) is it such an answer at all? */
VaultVerdict vault_answer_judge (const FelHttpAnswer *answer, gboolean *ret_is_readable);

/* 404 with no error in it is how an empty list is answered. */
gboolean vault_answer_is_empty_list (const FelHttpAnswer *answer);

/* A mint that did not end well: what can be told to be its lease still goes out, so that it gets revoked. prefix: of all
 * leases of this role. */
void vault_answer_salvage (const FelHost *host, FelOut *out, const FelHttpAnswer *answer, const char *prefix);

/* What a failed exchange means. mint: it could have minted. token: must not turn up in the sentence; (nullable) */
bool vault_answer_fail (const FelHost *host, FelOut *out, const FelHttpAnswer *answer, bool mint, const char *token);

/* {mount}/creds/{role}. now_sec: when it was asked for, for the end of the lease. prefix: of all
 * leases of this role. ret_lease: cleared by the caller. */
bool vault_answer_read_minted (const FelHost *host, FelOut *out, const FelHttpAnswer *answer, const char *prefix,
                               gint64 now_sec, VaultLease *ret_lease);

/* {mount}/static-creds/{role}; id: what it is called here. */
bool vault_answer_read_static (const FelHost *host, FelOut *out, const FelHttpAnswer *answer, const char *id,
                               gint64 now_sec);

/* sys/leases/renew */
bool vault_answer_read_renewed (const FelHost *host, FelOut *out, const FelHttpAnswer *answer, gint64 now_sec);

/* The same without a report; 0: not said. */
gint64 vault_answer_duration (const FelHttpAnswer *answer);

/* sys/leases/lookup/{prefix}: the last parts of the ids, of char *; NULL: it has failed. */
GPtrArray *vault_answer_read_keys (const FelHost *host, FelOut *out, const FelHttpAnswer *answer);

/* sys/leases/lookup: when it was issued. */
bool vault_answer_read_issued (const FelHost *host, FelOut *out, const FelHttpAnswer *answer);

/* auth/token/lookup-self */
bool vault_answer_read_account (const FelHost *host, FelOut *out, const FelHttpAnswer *answer, gint64 now_sec);

/* auth/token/renew-self: token, the one that was renewed, has a new end. */
bool vault_answer_read_token (const FelHost *host, FelOut *out, const FelHttpAnswer *answer, const char *token,
                              gint64 now_sec);

void vault_lease_clear (VaultLease *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VaultLease, vault_lease_clear)
