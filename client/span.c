/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "span.h"

#include "exit.h"

#define SHAPE "a number and a unit, such as 90s, 15m, 8h or 7d"

static const struct
{
  char unit;
  guint64 sec;
} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };

/* 0: there is no such unit. */
static guint64
unit_sec (const char *unit)
{
  for (gsize i = 0; i < G_N_ELEMENTS (units); i++)
    if (unit[0] == units[i].unit && unit[1] == '\0')
      return units[i].sec;
  return 0;
}

gboolean
fel_span_parse (const char *option, const char *text, guint64 min_sec, guint64 *ret_sec, GError **error)
{
  gboolean starts_with_digit = g_ascii_isdigit (*text); /* strtoull takes blanks and a sign, too */
  char *unit = NULL;
  guint64 number, sec;

  number = g_ascii_strtoull (text, &unit, 10); /* too many digits are G_MAXUINT64, which is too much in any unit */
  sec = starts_with_digit ? unit_sec (unit) : 0;
  if (starts_with_digit && *unit == '\0' && number == 0)
    sec = 1;
  if (sec == 0)
    g_set_error (error, FEL_EXIT, FEL_EXIT_USAGE, "%s '%s' is not " SHAPE, option, text);
  else if (number > FEL_SPAN_MAX_SEC / sec)
    g_set_error (error, FEL_EXIT, FEL_EXIT_USAGE, "%s '%s' is more than 36500d", option, text);
  else if (number * sec < min_sec)
    g_set_error (error, FEL_EXIT, FEL_EXIT_USAGE, "%s '%s' is less than %" G_GUINT64_FORMAT "s", option, text, min_sec);
  else
    {
      *ret_sec = number * sec;
      return TRUE;
    }
  return FALSE;
}
