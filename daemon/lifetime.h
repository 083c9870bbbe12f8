/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the end of a credential's life asks for, and when: to be renewed, announced, revoked.
 * Pure: a credential and the wall clock in, a verdict out. */
#pragma once

#include "credential.h"

typedef enum
{
  FEL_LIFETIME_ENDLESS,  /* it has no end */
  FEL_LIFETIME_ACTIVE,   /* nothing is to be done yet */
  FEL_LIFETIME_RENEW,    /* its end should be moved now */
  FEL_LIFETIME_EXPIRING, /* whoever uses it should get another one */
  FEL_LIFETIME_EXPIRED,
} FelLifetimePhase;

/* ret_next_sec: when the phase changes by itself; G_MAXINT64: never. (nullable) */
FelLifetimePhase fel_lifetime_judge (const FelCredential *credential, gint64 now_sec, gint64 *ret_next_sec);

/* For how long it was meant to live; 0: without an end. */
gint64 fel_lifetime_sec (const FelCredential *credential);

/* The same credential with this end, which nobody puts off. */
FelCredential *fel_lifetime_with_end (const FelCredential *credential, gint64 not_after_sec);
