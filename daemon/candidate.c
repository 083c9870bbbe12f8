/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "candidate.h"

#include <string.h>

#define UUID_VERSION_AT 14 /* in its text */
#define MSEC_PER_SEC 1000

/* 0: not of the UUIDv7 kind. */
static gint64
uuid7_sec (const char *id)
{
  gint64 msec = 0;

  if (id == NULL || !g_uuid_string_is_valid (id) || id[UUID_VERSION_AT] != '7')
    return 0;
  for (const char *p = id; p < id + UUID_VERSION_AT - 1; p++)
    if (*p != '-')
      msec = msec * 16 + g_ascii_xdigit_value (*p);
  return msec / MSEC_PER_SEC;
}

gint64
fel_candidate_made_sec (const FelCredential *credential)
{
  gint64 made_sec = uuid7_sec (credential->id);

  return made_sec != 0 ? made_sec : credential->created_sec;
}

static GPtrArray *
select_within (GPtrArray *listed, GHashTable *known, gint64 since_sec, gint64 until_sec)
{
  GPtrArray *ids = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; listed != NULL && i < listed->len; i++)
    {
      const FelCredential *credential = listed->pdata[i];
      gint64 made_sec = fel_candidate_made_sec (credential);

      if (!g_hash_table_contains (known, credential->id)
          && (made_sec == 0 || (made_sec >= since_sec && made_sec <= until_sec)))
        g_ptr_array_add (ids, g_strdup (credential->id));
    }
  return ids;
}

GPtrArray *
fel_candidates_select (GPtrArray *listed, GHashTable *known, gint64 since_sec, gint64 until_sec, gboolean exclusive)
{
  g_autoptr (GPtrArray) near = select_within (listed, known, since_sec - FEL_CANDIDATE_NEAR_SEC,
                                              until_sec + FEL_CANDIDATE_NEAR_SEC);

  if (near->len > 0 && !exclusive)
    return g_steal_pointer (&near);
  return select_within (listed, known, since_sec - FEL_CANDIDATE_FAR_SEC, until_sec + FEL_CANDIDATE_FAR_SEC);
}
