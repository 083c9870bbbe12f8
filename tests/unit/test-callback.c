/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "callback.h"

#include <string.h>

#include "error.h"

#define PORT 43210
#define HOST "Host: localhost:43210\r\n"
#define STATE "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ"
#define GOOD "GET /callback?code=c0de&state=" STATE " HTTP/1.1\r\n" HOST "\r\n"
#define WITH_QUERY(query) "GET /callback?" query " HTTP/1.1\r\n" HOST "\r\n"
#define WITH_FIELDS(fields) "GET /callback?code=c0de&state=" STATE " HTTP/1.1\r\n" fields "\r\n"

typedef struct
{
  const char *head;
  FelCallbackKind kind;
  guint status;
  const char *code;
  int error;         /* FEL_ERROR_…; -1: none */
  const char *words; /* in the error */
} Case;

#define PARTIAL(head)                                                                                                  \
  {                                                                                                                    \
    head, FEL_CALLBACK_PARTIAL, 0, NULL, -1, NULL                                                                      \
  }
#define REFUSED(head, status)                                                                                          \
  {                                                                                                                    \
    head, FEL_CALLBACK_REFUSED, status, NULL, -1, NULL                                                                 \
  }
#define CODE(head, code)                                                                                               \
  {                                                                                                                    \
    head, FEL_CALLBACK_CODE, 0, code, -1, NULL                                                                         \
  }
#define ERROR(head, error, words)                                                                                      \
  {                                                                                                                    \
    head, FEL_CALLBACK_ERROR, 0, NULL, error, words                                                                    \
  }

static const Case cases[] = {
  PARTIAL (""),
  PARTIAL ("G"),
  PARTIAL ("\r"),
  PARTIAL ("GET /callback?code=c0de&state=" STATE " HTTP/1.1\r\n" HOST),
  PARTIAL ("GET /callback?code=c0de&state=" STATE " HTTP/1.1\r\n" HOST "\r"),
  CODE (GOOD, "c0de"),
  CODE (GOOD "more that nobody reads", "c0de"),
  CODE ("GET /callback?state=" STATE "&code=c0de HTTP/1.0\r\n" HOST "\r\n", "c0de"),
  CODE (WITH_QUERY ("code=a%2Fb%3d+%7e&state=" STATE "&iss=https%3A%2F%2Fx&scope"), "a/b= ~"),
  CODE (WITH_QUERY ("&&code=c&=&=x&state=%61"
                    "bcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ&"),
        "c"),
  CODE (WITH_FIELDS ("HOST:\t 127.0.0.1:43210 \r\nCookie: a=b\r\n"), "c0de"),
  CODE (WITH_FIELDS ("Host: [::1]:43210\r\nContent-Length: 0\r\n"), "c0de"),
  CODE (WITH_FIELDS ("Host: LOCALHOST:43210\r\nX: \xff\xfe\r\nY:\r\n"), "c0de"),
  REFUSED ("\n", 400),
  REFUSED ("\r\n\r\n", 400),
  REFUSED ("\rG", 400),
  REFUSED ("\x16\x03\x01", 400),
  REFUSED ("GET /callback HTTP/1.1\n", 400),
  REFUSED ("GET /callback\r\n\r\n", 400),
  REFUSED ("GET /callback HTTP/1.1 \r\n" HOST "\r\n", 400),
  REFUSED ("GET  /callback HTTP/1.1\r\n" HOST "\r\n", 400),
  REFUSED ("GET /callback HTTP/2.0\r\n" HOST "\r\n", 400),
  REFUSED ("POST /callback?code=c0de&state=" STATE " HTTP/1.1\r\n" HOST "\r\n", 405),
  REFUSED ("get /callback?code=c0de&state=" STATE " HTTP/1.1\r\n" HOST "\r\n", 405),
  REFUSED ("GET / HTTP/1.1\r\n" HOST "\r\n", 404),
  REFUSED ("GET /callback/?code=c0de&state=" STATE " HTTP/1.1\r\n" HOST "\r\n", 404),
  REFUSED ("GET /%63allback?code=c0de&state=" STATE " HTTP/1.1\r\n" HOST "\r\n", 404),
  REFUSED ("GET http://localhost:43210/callback?code=c0de&state=" STATE " HTTP/1.1\r\n" HOST "\r\n", 404),
  REFUSED ("GET /callback?code=c\x80&state=" STATE " HTTP/1.1\r\n" HOST "\r\n", 400),
  REFUSED ("GET /callback?code=c&state=" STATE "#x HTTP/1.1\r\n" HOST "\r\n", 400),
  REFUSED (WITH_FIELDS (""), 400),
  REFUSED (WITH_FIELDS (HOST HOST), 400),
  REFUSED (WITH_FIELDS (HOST "Host: evil.example\r\n"), 400),
  REFUSED (WITH_FIELDS ("Host: localhost\r\n"), 400),
  REFUSED (WITH_FIELDS ("Host: localhost:4321\r\n"), 400),
  REFUSED (WITH_FIELDS ("Host: localhost:43210.evil.example\r\n"), 400),
  REFUSED (WITH_FIELDS ("Host : localhost:43210\r\n"), 400),
  REFUSED (WITH_FIELDS (HOST " folded: x\r\n"), 400),
  REFUSED (WITH_FIELDS (HOST "nothing\r\n"), 400),
  REFUSED (WITH_FIELDS (HOST ": x\r\n"), 400),
  REFUSED (WITH_FIELDS (HOST "Content-Length: 1\r\n"), 400),
  REFUSED (WITH_FIELDS (HOST "Transfer-Encoding: identity\r\n"), 400),
  REFUSED (WITH_QUERY (""), 400),
  REFUSED (WITH_QUERY ("code=c"), 400),
  REFUSED (WITH_QUERY ("code=c&state"), 400),
  REFUSED (WITH_QUERY ("code=c&state=" STATE "x"), 400),
  REFUSED (WITH_QUERY ("code=c&state=" STATE "%00"), 400),
  REFUSED (WITH_QUERY ("code=c&state=bbcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ"), 400),
  REFUSED (WITH_QUERY ("code=c&state=abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPq"), 400),
  REFUSED (WITH_QUERY ("code=c&state=" STATE "&state=" STATE), 400),
  REFUSED (WITH_QUERY ("code=c&code=c&state=" STATE), 400),
  REFUSED (WITH_QUERY ("error=a&error=a&state=" STATE), 400),
  REFUSED (WITH_QUERY ("code=%&state=" STATE), 400),
  REFUSED (WITH_QUERY ("state=" STATE "&code=%4"), 400),
  REFUSED (WITH_QUERY ("code=%4g&state=" STATE), 400),
  REFUSED (WITH_QUERY ("error=access_denied&state=x"), 400),
  ERROR (WITH_QUERY ("error=access_denied&state=" STATE), FEL_ERROR_ACCESS_DENIED,
         "declined in the browser (access_denied)"),
  ERROR (WITH_QUERY ("error=server_error&error_description=out+of+tea&state=" STATE), FEL_ERROR_PROVIDER_ERROR,
         "(server_error: out of tea)"),
  ERROR (WITH_QUERY ("error=server_error&error_description=a%0Ab&state=" STATE), FEL_ERROR_PROVIDER_ERROR,
         "later (server_error)"),
  ERROR (WITH_QUERY ("error=temporarily_unavailable&state=" STATE), FEL_ERROR_UNREACHABLE, "repaired"),
  ERROR (WITH_QUERY ("error=unsupported_response_type&state=" STATE), FEL_ERROR_UNSUPPORTED, "of this kind"),
  ERROR (WITH_QUERY ("error=their_own&state=" STATE), FEL_ERROR_PROVIDER_ERROR, "(their_own)"),
  ERROR (WITH_QUERY ("error=&state=" STATE), FEL_ERROR_PROVIDER_ERROR, "without saying why"),
  ERROR (WITH_QUERY ("error=a%00b&state=" STATE), FEL_ERROR_PROVIDER_ERROR, "without saying why"),
  ERROR (WITH_QUERY ("state=" STATE), FEL_ERROR_PROTOCOL_VIOLATION, "neither"),
  ERROR (WITH_QUERY ("code=&state=" STATE), FEL_ERROR_PROTOCOL_VIOLATION, "neither"),
  ERROR (WITH_QUERY ("code&state=" STATE), FEL_ERROR_PROTOCOL_VIOLATION, "neither"),
  ERROR (WITH_QUERY ("code=a%00b&state=" STATE), FEL_ERROR_PROTOCOL_VIOLATION, "neither"),
  ERROR (WITH_QUERY ("code=c&error=e&state=" STATE), FEL_ERROR_PROTOCOL_VIOLATION, "neither"),
};

static void
check (const Case *expected, const char *bytes, gsize len)
{
  g_autofree char *head = g_memdup2 (bytes, len); /* without a NUL behind it */
  g_auto (FelCallback) callback = { .status = 7 };
  FelCallbackKind kind = fel_callback_read (head, len, PORT, STATE, &callback);

  g_assert_cmpint (kind, ==, expected->kind);
  g_assert_cmpuint (callback.status, ==, kind == FEL_CALLBACK_REFUSED ? expected->status : 7);
  g_assert_cmpstr (callback.code != NULL ? callback.code->bytes : NULL, ==, expected->code);
  if (expected->error < 0)
    g_assert_no_error (callback.error);
  else
    {
      g_assert_error (callback.error, FEL_ERROR, expected->error);
      g_assert_nonnull (strstr (callback.error->message, expected->words));
      g_assert_true (g_str_has_prefix (callback.error->message, callback.said));
    }
}

static void
test_table (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_test_message ("case %zu", i);
      check (&cases[i], cases[i].head, strlen (cases[i].head));
    }
}

static void
test_nul (void)
{
  static const char head[] = "GET /callback\0?code=c&state=" STATE " HTTP/1.1\r\n" HOST "\r\n";
  const Case refused = REFUSED ("", 400);

  check (&refused, head, sizeof head - 1);
}

/* However it is cut, it is never taken for anything but a part of itself. */
static void
test_in_pieces (void)
{
  const Case partial = PARTIAL ("");

  for (gsize len = 0; len < strlen (GOOD); len++)
    check (&partial, GOOD, len);
}

static void
test_limits (void)
{
  g_autoptr (GString) head = g_string_new (NULL);
  const Case partial = PARTIAL (""), refused = REFUSED ("", 431), code = CODE ("", "c0de");

  g_string_append (head, "GET /callback?code=c0de&state=" STATE " HTTP/1.1\r\n" HOST "Cookie: ");
  while (head->len < FEL_CALLBACK_HEAD_MAX)
    g_string_append_c (head, 'x');
  check (&partial, head->str, FEL_CALLBACK_HEAD_MAX - 1);
  check (&refused, head->str, FEL_CALLBACK_HEAD_MAX);
  memcpy (head->str + FEL_CALLBACK_HEAD_MAX - 4, "\r\n\r\n", 4);
  check (&code, head->str, FEL_CALLBACK_HEAD_MAX);
}

static void
test_long_values (void)
{
  for (gsize more = 0; more < 2; more++)
    {
      g_autofree char *code = g_strnfill (4096 + more, 'c');
      g_autofree char *error = g_strnfill (64 + more, 'e');
      g_autofree char *with_code = g_strdup_printf (WITH_QUERY ("code=%s&state=" STATE), code);
      g_autofree char *with_error = g_strdup_printf (WITH_QUERY ("error=%s&state=" STATE), error);
      const Case fine = CODE ("", code), wrong = ERROR ("", FEL_ERROR_PROTOCOL_VIOLATION, "neither");
      const Case shown = ERROR ("", FEL_ERROR_PROVIDER_ERROR, error);
      const Case unshown = ERROR ("", FEL_ERROR_PROVIDER_ERROR, "without saying why");

      check (more == 0 ? &fine : &wrong, with_code, strlen (with_code));
      check (more == 0 ? &shown : &unshown, with_error, strlen (with_error));
    }
}

static void
test_page (void)
{
  static const guint statuses[] = { 200, 400, 403, 404, 405, 410, 431 };

  for (gsize i = 0; i < G_N_ELEMENTS (statuses); i++)
    {
      GString *page = fel_callback_page (statuses[i], "Title", "A sentence.");
      g_autofree char *begin = g_strdup_printf ("HTTP/1.1 %u ", statuses[i]);
      const char *body = strstr (page->str, "\r\n\r\n") + 4;
      g_autofree char *length = g_strdup_printf ("\r\nContent-Length: %zu\r\n", strlen (body));

      g_assert_true (g_str_has_prefix (page->str, begin));
      g_assert_nonnull (strstr (page->str, length));
      g_assert_nonnull (strstr (body, "A sentence."));
      g_assert_cmpint (strstr (page->str, "\r\nAllow: GET\r\n") != NULL, ==, statuses[i] == 405);
      g_string_free (page, TRUE);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/callback/table", test_table);
  g_test_add_func ("/callback/nul", test_nul);
  g_test_add_func ("/callback/in-pieces", test_in_pieces);
  g_test_add_func ("/callback/limits", test_limits);
  g_test_add_func ("/callback/long-values", test_long_values);
  g_test_add_func ("/callback/page", test_page);
  return g_test_run ();
}
