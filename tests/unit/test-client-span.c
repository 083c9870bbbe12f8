/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "span.h"

#include <string.h>

#include "exit.h"

#define UNTOUCHED 7

typedef struct SpanCase
{
  const char *text;
  guint64 min_sec;
  guint64 sec;
  const char *fault; /* NULL: accepted */
} SpanCase;

#define NO_SPAN "is not a number and a unit"

static const SpanCase cases[] = {
  { "1s", 1, 1, NULL },
  { "90s", 1, 90, NULL },
  { "15m", 1, 900, NULL },
  { "8h", 1, 28800, NULL },
  { "7d", 1, 604800, NULL },
  { "010m", 1, 600, NULL },
  { "36500d", 1, FEL_SPAN_MAX_SEC, NULL },
  { "3153600000s", 1, FEL_SPAN_MAX_SEC, NULL },
  { "0", 0, 0, NULL },
  { "00", 0, 0, NULL },
  { "0s", 0, 0, NULL },
  { "0d", 0, 0, NULL },
  { "60s", 60, 60, NULL },
  { "1m", 60, 60, NULL },

  { "0", 1, UNTOUCHED, "is less than 1s" },
  { "0h", 1, UNTOUCHED, "is less than 1s" },
  { "59s", 60, UNTOUCHED, "is less than 60s" },
  { "36501d", 1, UNTOUCHED, "is more than 36500d" },
  { "3153600001s", 1, UNTOUCHED, "is more than 36500d" },
  { "213503982334602d", 1, UNTOUCHED, "is more than 36500d" }, /* 2^64 seconds and a bit */
  { "18446744073709551615s", 1, UNTOUCHED, "is more than 36500d" },
  { "18446744073709551616s", 1, UNTOUCHED, "is more than 36500d" },
  { "99999999999999999999999d", 1, UNTOUCHED, "is more than 36500d" },
  { "", 0, UNTOUCHED, NO_SPAN },
  { "s", 0, UNTOUCHED, NO_SPAN },
  { "1", 0, UNTOUCHED, NO_SPAN },
  { "3600", 0, UNTOUCHED, NO_SPAN },
  { "-1s", 0, UNTOUCHED, NO_SPAN },
  { "-0", 0, UNTOUCHED, NO_SPAN },
  { "+1s", 0, UNTOUCHED, NO_SPAN },
  { " 1s", 0, UNTOUCHED, NO_SPAN },
  { "1 s", 0, UNTOUCHED, NO_SPAN },
  { "1s ", 0, UNTOUCHED, NO_SPAN },
  { "1.5h", 0, UNTOUCHED, NO_SPAN },
  { "1,5h", 0, UNTOUCHED, NO_SPAN },
  { "1S", 0, UNTOUCHED, NO_SPAN },
  { "1w", 0, UNTOUCHED, NO_SPAN },
  { "1ms", 0, UNTOUCHED, NO_SPAN },
  { "1h30m", 0, UNTOUCHED, NO_SPAN },
  { "0x10s", 0, UNTOUCHED, NO_SPAN },
  { "1e3s", 0, UNTOUCHED, NO_SPAN },
  { "\331\241s", 0, UNTOUCHED, NO_SPAN }, /* an Arabic digit */
  { "never", 0, UNTOUCHED, NO_SPAN },
};

static void
test_parse (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const SpanCase *c = &cases[i];
      g_autoptr (GError) error = NULL;
      guint64 sec = UNTOUCHED;

      g_test_message ("'%s'", c->text);
      g_assert_cmpint (fel_span_parse ("--span", c->text, c->min_sec, &sec, &error), ==, c->fault == NULL);
      g_assert_cmpuint (sec, ==, c->sec);
      if (c->fault == NULL)
        {
          g_assert_no_error (error);
          continue;
        }
      g_assert_error (error, FEL_EXIT, FEL_EXIT_USAGE);
      g_assert_nonnull (strstr (error->message, c->fault));
      g_assert_true (g_str_has_prefix (error->message, "--span '"));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/client/span/parse", test_parse);
  return g_test_run ();
}
