/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "when.h"

typedef struct Unit
{
  guint64 below_sec; /* used for spans that are shorter than this */
  guint64 sec;
  const char *name;
} Unit;

#define MINUTE G_GUINT64_CONSTANT (60)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define YEAR (365 * DAY)

static const Unit units[] = {
  { MINUTE, 1, "s" },     { HOUR, MINUTE, "min" },    { 2 * DAY, HOUR, "h" },
  { 2 * YEAR, DAY, "d" }, { G_MAXUINT64, YEAR, "y" },
};

char *
fel_when_say (gint64 then_sec, gint64 now_sec)
{
  gboolean past = then_sec <= now_sec;
  /* As unsigned numbers the difference cannot overflow. */
  guint64 span_sec = past ? (guint64) now_sec - (guint64) then_sec : (guint64) then_sec - (guint64) now_sec;
  gsize i = 0;

  if (span_sec < 5)
    return g_strdup ("now");
  while (i < G_N_ELEMENTS (units) - 1 && span_sec >= units[i].below_sec)
    i++;
  return g_strdup_printf ("%s%" G_GUINT64_FORMAT " %s%s", past ? "" : "in ", span_sec / units[i].sec, units[i].name,
                          past ? " ago" : "");
}
