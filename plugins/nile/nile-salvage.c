/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nile-salvage.h"

#include <string.h>

#include "salvage.h"

static gboolean
is_uuid (const char *value, gsize len, const char *data)
{
  if (len != NILE_SALVAGED_LEN)
    return FALSE;
  for (gsize i = 0; i < len; i++)
    if (i == 8 || i == 13 || i == 18 || i == 23 ? value[i] != '-' : !g_ascii_isxdigit (value[i]))
      return FALSE;
  return TRUE;
}

gboolean
nile_salvage_id (const char *text, gsize len, char ret_id[NILE_SALVAGED_LEN + 1])
{
  gsize id_len;
  const char *id = fel_salvage (text, len, "id", is_uuid, NULL, &id_len);

  if (id == NULL)
    return FALSE;
  memcpy (ret_id, id, NILE_SALVAGED_LEN);
  ret_id[NILE_SALVAGED_LEN] = '\0';
  return TRUE;
}
