/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lifetime.h"

#define LEAD_MIN_SEC 10
#define LEAD_MAX_SEC (5 * 60)

gint64
fel_lifetime_sec (const FelCredential *credential)
{
  gint64 since_sec = credential->created_sec != 0 ? credential->created_sec : credential->stored_sec;

  return credential->not_after_sec != 0 ? MAX (credential->not_after_sec - since_sec, 0) : 0;
}

/* How long before its end a pool gets to know: a tenth of its life, within bounds, and never more than a quarter. */
static gint64
lead_sec (const FelCredential *credential)
{
  gint64 life_sec = fel_lifetime_sec (credential);

  return MIN (CLAMP (life_sec / 10, LEAD_MIN_SEC, LEAD_MAX_SEC), life_sec / 4);
}

FelLifetimePhase
fel_lifetime_judge (const FelCredential *credential, gint64 now_sec, gint64 *ret_next_sec)
{
  gint64 end_sec = credential->not_after_sec;
  gint64 expiring_sec = end_sec - lead_sec (credential);
  gint64 renew_sec = end_sec - 2 * lead_sec (credential);
  gboolean renewable = credential->renewable == FEL_TRUE;
  FelLifetimePhase phase = FEL_LIFETIME_ACTIVE;
  gint64 next_sec = renewable ? renew_sec : expiring_sec;

  if (end_sec == 0)
    phase = FEL_LIFETIME_ENDLESS;
  else if (now_sec >= end_sec)
    phase = FEL_LIFETIME_EXPIRED;
  else if (now_sec >= expiring_sec)
    phase = FEL_LIFETIME_EXPIRING;
  else if (renewable && now_sec >= renew_sec)
    phase = FEL_LIFETIME_RENEW;
  if (phase == FEL_LIFETIME_ENDLESS || phase == FEL_LIFETIME_EXPIRED)
    next_sec = G_MAXINT64;
  else if (phase == FEL_LIFETIME_EXPIRING)
    next_sec = end_sec;
  else if (phase == FEL_LIFETIME_RENEW)
    next_sec = expiring_sec;
  if (ret_next_sec != NULL)
    *ret_next_sec = next_sec;
  return phase;
}

FelCredential *
fel_lifetime_with_end (const FelCredential *credential, gint64 not_after_sec)
{
  FelCredential *changed = fel_credential_copy (credential);

  changed->not_after_sec = not_after_sec;
  changed->renewable = FEL_UNSET;
  return changed;
}
