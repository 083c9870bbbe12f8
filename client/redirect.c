/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "redirect.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATH "/callback"
#define DELIVERY_SECONDS 10
#define ACCEPTED "HTTP/1.1 200 "

static const char *const loopback_hosts[] = { "localhost", "127.0.0.1", "::1", NULL };

/* NULL: not one of ours. */
static GUri *
parse (const char *text)
{
  g_autoptr (GUri) uri = g_uri_parse (text, G_URI_FLAGS_ENCODED, NULL);
  int port = uri != NULL ? g_uri_get_port (uri) : -1;

  if (port <= 0 || port > G_MAXUINT16 || g_uri_get_host (uri) == NULL || g_uri_get_userinfo (uri) != NULL
      || !g_str_equal (g_uri_get_scheme (uri), "http") || !g_str_equal (g_uri_get_path (uri), PATH)
      || !g_strv_contains (loopback_hosts, g_uri_get_host (uri)))
    return NULL;
  return g_steal_pointer (&uri);
}

guint16
fel_redirect_port (const char *url)
{
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_ENCODED, NULL);
  const char *query = uri != NULL ? g_uri_get_query (uri) : NULL;
  g_autoptr (GHashTable) params = query != NULL ? g_uri_parse_params (query, -1, "&", G_URI_PARAMS_WWW_FORM, NULL)
                                                : NULL;
  const char *redirect = params != NULL ? g_hash_table_lookup (params, "redirect_uri") : NULL;
  g_autoptr (GUri) ours = redirect != NULL ? parse (redirect) : NULL;

  return ours != NULL ? (guint16) g_uri_get_port (ours) : 0;
}

char *
fel_redirect_target (const char *text, guint16 port)
{
  g_autofree char *stripped = g_strstrip (g_strdup (text));
  g_autoptr (GUri) uri = NULL;
  const char *query;

  for (const char *p = stripped; *p != '\0'; p++)
    if (!g_ascii_isgraph (*p))
      return NULL;
  uri = parse (stripped);
  query = uri != NULL ? g_uri_get_query (uri) : NULL;
  if (query == NULL || g_uri_get_port (uri) != port)
    return NULL;
  return g_strconcat (PATH "?", query, NULL);
}

static int
connect_loopback (guint16 port)
{
  const struct sockaddr_in v4
      = { .sin_family = AF_INET, .sin_port = g_htons (port), .sin_addr.s_addr = g_htonl (INADDR_LOOPBACK) };
  const struct sockaddr_in6 v6
      = { .sin6_family = AF_INET6, .sin6_port = g_htons (port), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
  const struct timeval patience = { .tv_sec = DELIVERY_SECONDS };
  const struct
  {
    const struct sockaddr *address;
    socklen_t len;
  } ends[] = { { (const struct sockaddr *) &v4, sizeof v4 }, { (const struct sockaddr *) &v6, sizeof v6 } };

  for (gsize i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      int fd = socket (ends[i].address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

      if (fd < 0)
        continue;
      setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
      setsockopt (fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
      if (connect (fd, ends[i].address, ends[i].len) == 0)
        return fd;
      close (fd);
    }
  return -1;
}

gboolean
fel_redirect_deliver (const char *target, guint16 port)
{
  g_autofree char *request = g_strdup_printf ("GET %s HTTP/1.1\r\nHost: localhost:%u\r\n\r\n", target, port);
  char answer[sizeof ACCEPTED - 1];
  int fd = connect_loopback (port);
  gboolean ok;

  if (fd < 0)
    return FALSE;
  ok = send (fd, request, strlen (request), MSG_NOSIGNAL) == (ssize_t) strlen (request)
       && recv (fd, answer, sizeof answer, MSG_WAITALL) == (ssize_t) sizeof answer
       && memcmp (answer, ACCEPTED, sizeof answer) == 0;
  close (fd);
  explicit_bzero (request, strlen (request));
  return ok;
}
