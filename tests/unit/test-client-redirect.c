/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "redirect.h"

#define PORT 43210
#define AT "http://localhost:43210/callback"

static const struct
{
  const char *url;
  guint port;
} ports[] = {
  { "https://a.example/authorize?client_id=x&redirect_uri=http%3A%2F%2Flocalhost%3A43210%2Fcallback&state=s", 43210 },
  { "https://a.example/?redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Fcallback", 1 },
  { "https://a.example/?redirect_uri=http%3A%2F%2F%5B%3A%3A1%5D%3A65535%2Fcallback", 65535 },
  { "https://a.example/?redirect_uri=http%3A%2F%2Flocalhost%2Fcallback", 0 },
  { "https://a.example/?redirect_uri=http%3A%2F%2Flocalhost%3A0%2Fcallback", 0 },
  { "https://a.example/?redirect_uri=http%3A%2F%2Flocalhost%3A65536%2Fcallback", 0 },
  { "https://a.example/?redirect_uri=https%3A%2F%2Flocalhost%3A43210%2Fcallback", 0 },
  { "https://a.example/?redirect_uri=http%3A%2F%2Flocalhost%3A43210%2Fother", 0 },
  { "https://a.example/?redirect_uri=http%3A%2F%2Fevil.example%3A43210%2Fcallback", 0 },
  { "https://a.example/?state=s", 0 },
  { "https://a.example/", 0 },
  { "", 0 },
  { "nonsense", 0 },
};

static const struct
{
  const char *text;
  const char *target; /* NULL: refused */
} targets[] = {
  { AT "?code=c&state=s", "/callback?code=c&state=s" },
  { "  " AT "?code=c%2F&state=s \r\n", "/callback?code=c%2F&state=s" },
  { "http://127.0.0.1:43210/callback?x", "/callback?x" },
  { "http://[::1]:43210/callback?x", "/callback?x" },
  { AT "?x#fragment", "/callback?x" },
  { AT, NULL },
  { "", NULL },
  { "code=c&state=s", NULL },
  { "/callback?code=c", NULL },
  { "https://localhost:43210/callback?x", NULL },
  { "http://localhost:43211/callback?x", NULL },
  { "http://localhost/callback?x", NULL },
  { "http://localhost:43210/callback/?x", NULL },
  { "http://localhost:43210/CALLBACK?x", NULL },
  { "http://localhost.evil.example:43210/callback?x", NULL },
  { "http://localhost:43210@evil.example/callback?x", NULL },
  { "http://me@localhost:43210/callback?x", NULL },
  { "http://169.254.169.254:43210/callback?x", NULL },
  { AT "?x y", NULL },
  { AT "?x\r\nX: y", NULL },
  { AT "?\xc3\xa9", NULL },
};

static void
test_port (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (ports); i++)
    g_assert_cmpuint (fel_redirect_port (ports[i].url), ==, ports[i].port);
}

static void
test_target (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (targets); i++)
    {
      g_autofree char *target = fel_redirect_target (targets[i].text, PORT);

      g_test_message ("%s", targets[i].text);
      g_assert_cmpstr (target, ==, targets[i].target);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/redirect/port", test_port);
  g_test_add_func ("/redirect/target", test_target);
  return g_test_run ();
}
