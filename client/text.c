/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "text.h"

#include <string.h>

#define REPLACEMENT "\357\277\275"
#define ELLIPSIS "\342\200\246"

char *
fel_text_printable (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString *out = g_string_sized_new (strlen (valid));

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      /* Formatting characters are not printable either: they can reverse what is read. */
      if (g_unichar_isprint (c))
        g_string_append_unichar (out, c);
      else
        g_string_append (out, REPLACEMENT);
    }
  return g_string_free (out, FALSE);
}

gboolean
fel_text_is_safe (const char *bytes, gsize len)
{
  const char *end = bytes + len;

  if (!g_utf8_validate_len (bytes, len, NULL))
    return FALSE;
  for (const char *p = bytes; p < end; p = g_utf8_next_char (p))
    if (*p != '\n' && !g_unichar_isprint (g_utf8_get_char (p)))
      return FALSE;
  return TRUE;
}

static guint
columns (gunichar c)
{
  if (g_unichar_iszerowidth (c))
    return 0;
  return g_unichar_iswide (c) ? 2 : 1;
}

guint
fel_text_width (const char *text)
{
  guint width = 0;

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    width += columns (g_utf8_get_char (p));
  return width;
}

char *
fel_text_cut (const char *text, guint width)
{
  const char *p = text;
  guint used = 0;

  if (fel_text_width (text) <= width)
    return g_strdup (text);
  while (used + columns (g_utf8_get_char (p)) < width)
    {
      used += columns (g_utf8_get_char (p));
      p = g_utf8_next_char (p);
    }
  return g_strdup_printf ("%.*s" ELLIPSIS, (int) (p - text), text);
}
