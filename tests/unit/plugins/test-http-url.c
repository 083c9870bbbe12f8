/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http.h"

#include <string.h>

typedef struct
{
  const char *url;
  const char *why; /* part of the sentence; NULL: it may be used; "": refused, in GLib's words */
} UrlCase;

static const UrlCase cases[] = {
  { "https://global.thenile.dev", NULL },
  { "https://global.thenile.dev/", NULL },
  { "https://global.thenile.dev/v2/", NULL },
  { "https://global.thenile.dev:8443", NULL },
  { "HTTPS://GLOBAL.THENILE.DEV", NULL },
  { "https://[2001:db8::1]:8443", NULL },
  { "https://192.0.2.1", NULL },
  { "https://host:65535", NULL },
  { "https://localhost", NULL },

  { "http://127.0.0.1", NULL },
  { "http://127.0.0.1:4010/base", NULL },
  { "http://127.8.9.1:1", NULL },
  { "http://[::1]", NULL },
  { "http://[::1]:4010", NULL },
  { "http://localhost:4010", NULL },
  { "http://LocalHost", NULL },
  { "HTTP://127.0.0.1", NULL },

  { "http://global.thenile.dev", "only for a loopback host" },
  { "HTTP://global.thenile.dev", "only for a loopback host" },
  { "http://192.0.2.1", "only for a loopback host" },
  { "http://10.0.0.1", "only for a loopback host" },
  { "http://0.0.0.0", "only for a loopback host" },
  { "http://[::]", "only for a loopback host" },
  { "http://[2001:db8::1]", "only for a loopback host" },
  { "http://128.0.0.1", "only for a loopback host" },
  { "http://127.0.0.1.example.org", "only for a loopback host" },
  { "http://localhost.example.org", "only for a loopback host" },
  { "http://notlocalhost", "only for a loopback host" },
  { "http://127.1", "only for a loopback host" },
  { "http://2130706433", "only for a loopback host" },

  { "https://me@host", "user name or password" },
  { "https://me:secret@host", "user name or password" },
  { "https://@host", "user name or password" },
  { "http://localhost@192.0.2.1", "user name or password" },
  { "http://127.0.0.1:80@192.0.2.1", "user name or password" },

  { "https://host:0", "port 0" },
  { "https://host:0/x", "port 0" },
  { "https://host:65536", "" },
  { "https://host:-1", "" },
  { "https://host:port", "" },

  { "https://host?a=b", "query or a fragment" },
  { "https://host/?", "query or a fragment" },
  { "https://host/#top", "query or a fragment" },
  { "https://host#", "query or a fragment" },

  { "ftp://host", "neither https: nor http:" },
  { "httpss://host", "neither https: nor http:" },
  { "ws://127.0.0.1", "neither https: nor http:" },
  { "file:///etc/passwd", "no host" },

  { "https://", "no host" },
  { "https:///path", "no host" },
  { "https:host", "no host" },
  { "https:", "no host" },
  { "https://:443", "no host" },
  { "mailto:me@host", "no host" },

  { "", "" },
  { "global.thenile.dev", "" },
  { "//global.thenile.dev", "" },
  { "/path", "" },
  { "://host", "" },
  { "https://[::1", "" },
  { "https://%zz", "" },
  { "https://\xff\xfe", "" },
  { "\x01\x02", "" },
};

static void
check_case (const UrlCase *expected)
{
  g_autofree char *url = g_strescape (expected->url, NULL);
  g_autoptr (GError) error = NULL;
  gboolean fine = fel_http_check_url (expected->url, &error);

  g_test_message ("'%s': %s", url, error != NULL ? error->message : "fine");
  g_assert_true (fine == (expected->why == NULL));
  g_assert_true (fine == (error == NULL));
  if (!fine)
    g_assert_nonnull (strstr (error->message, expected->why));
}

static void
test_cases (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    check_case (&cases[i]);
}

/* What no name server could know is a mistake of the configuration, not an unreachable provider. */
static void
test_host_of_nonsense (void)
{
  static const UrlCase nonsense[] = {
    { "https://ho st", "" }, { "https://host\n", "" }, { "https://a%20b", "" },
    { "https://a%2fb", "" }, { "https://a\"b", "" },   { "https://<host>", "" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (nonsense); i++)
    check_case (&nonsense[i]);
}

/* The configuration is quoted in the journal; a password in a URL must not be. */
static void
test_sentence_holds_no_password (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (fel_http_check_url ("https://me:geheim@host", &error));
  g_assert_null (strstr (error->message, "geheim"));
}

static void
test_without_error (void)
{
  g_assert_true (fel_http_check_url ("https://host", NULL));
  g_assert_false (fel_http_check_url ("http://host", NULL));
  g_assert_false (fel_http_check_url ("", NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http-url/cases", test_cases);
  g_test_add_func ("/http-url/sentence-holds-no-password", test_sentence_holds_no_password);
  g_test_add_func ("/http-url/without-error", test_without_error);
  g_test_add_func ("/http-url/host-of-nonsense", test_host_of_nonsense);
  return g_test_run ();
}
