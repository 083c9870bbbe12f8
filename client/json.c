/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json.h"

#include <string.h>

#define REPLACEMENT "\357\277\275"

/* Strings end in a quote, so a bracket or a colon at the end is always one of the structure. */
static void
next_value (FelBuffer *out)
{
  if (out->len > 0 && strchr ("[{:", out->bytes[out->len - 1]) == NULL)
    fel_buffer_append_c (out, ',');
}

void
fel_json_open (FelBuffer *out, char bracket)
{
  next_value (out);
  fel_buffer_append_c (out, bracket);
}

void
fel_json_close (FelBuffer *out, char bracket)
{
  fel_buffer_append_c (out, bracket);
}

static void
append_ascii (FelBuffer *out, char c)
{
  static const char *const short_forms[128] = {
    ['"'] = "\\\"", ['\\'] = "\\\\", ['\b'] = "\\b", ['\f'] = "\\f", ['\n'] = "\\n", ['\r'] = "\\r", ['\t'] = "\\t",
  };

  if (short_forms[(guchar) c] != NULL)
    {
      fel_buffer_append (out, short_forms[(guchar) c]);
    }
  else if (g_ascii_iscntrl (c))
    {
      char escape[sizeof "\\u0000"];

      g_snprintf (escape, sizeof escape, "\\u%04x", (guint) (guchar) c);
      fel_buffer_append (out, escape);
    }
  else
    {
      fel_buffer_append_c (out, c);
    }
}

/* Returns how many bytes it took. */
static gsize
append_character (FelBuffer *out, const char *bytes, gsize len)
{
  gunichar c;
  gsize n;

  if ((guchar) *bytes < 0x80)
    {
      append_ascii (out, *bytes);
      return 1;
    }
  c = g_utf8_get_char_validated (bytes, (gssize) len);
  if (c == (gunichar) -1 || c == (gunichar) -2)
    {
      fel_buffer_append (out, REPLACEMENT);
      return 1;
    }
  n = (gsize) g_utf8_skip[(guchar) *bytes];
  fel_buffer_append_bytes (out, bytes, n);
  return n;
}

void
fel_json_bytes (FelBuffer *out, const char *bytes, gsize len)
{
  next_value (out);
  fel_buffer_append_c (out, '"');
  for (gsize i = 0; i < len;)
    i += append_character (out, bytes + i, len - i);
  fel_buffer_append_c (out, '"');
}

void
fel_json_string (FelBuffer *out, const char *text)
{
  fel_json_bytes (out, text, strlen (text));
}

void
fel_json_key (FelBuffer *out, const char *key)
{
  fel_json_string (out, key);
  fel_buffer_append_c (out, ':');
}

void
fel_json_number (FelBuffer *out, gint64 number)
{
  char text[32];

  g_snprintf (text, sizeof text, "%" G_GINT64_FORMAT, number);
  next_value (out);
  fel_buffer_append (out, text);
}

void
fel_json_bool (FelBuffer *out, gboolean value)
{
  next_value (out);
  fel_buffer_append (out, value ? "true" : "false");
}
