/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A provider that answers at once, so that what is measured is not the provider: it mints for whoever asks, keeps nothing
 * and forgets at once what it is told to delete. It says its URL in one line and ends with its standard input.
 * tests/provider has the one that behaves like a real one. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib.h>

#define HEAD_MAX 16384

static gint n_minted;

/* An id of the kind UUIDv7 (RFC 9562), so that later ones are greater. */
static char *
new_id (void)
{
  gint64 msec = g_get_real_time () / 1000;
  guint number = (guint) g_atomic_int_add (&n_minted, 1);

  return g_strdup_printf ("%08x-%04x-7%03x-8000-%012x", (guint) (msec >> 16), (guint) (msec & 0xffff), number & 0xfff,
                          number);
}

static char *
minted_body (const char *database)
{
  g_autofree char *id = new_id ();
  g_autofree char *password = g_uuid_string_random ();

  return g_strdup_printf (
      "{\"id\":\"%s\",\"database\":{\"id\":\"01a207cc-ab19-7bda-88aa-4afb310d0e87\",\"name\":\"%s\",\"workspace\":{"
      "\"id\":\"01a207cc-ab18-74aa-bbd0-36c3ed53bfd8\",\"name\":\"acme\",\"slug\":\"acme\",\"created\":"
      "\"2026-01-01T00:00:00.000Z\"},\"status\":\"READY\",\"region\":\"AWS_US_WEST_2\",\"expandable\":true,\"created\":"
      "\"2026-01-01T00:00:00.000Z\",\"apiHost\":\"https://us-west-2.api.nile.invalid/v2\",\"dbHost\":"
      "\"postgres://us-west-2.db.nile.invalid:5432\",\"sharded\":false},\"internal\":false,\"password\":\"%s\","
      "\"created\":\"2026-01-01T00:00:00.000Z\"}",
      id, database, password);
}

static char *
answer_to (const char *head)
{
  g_autofree char *body = NULL;
  g_auto (GStrv) words = g_strsplit (head, " ", 3);
  g_auto (GStrv) path = g_strsplit (words[1], "/", -1);

  if (g_str_equal (words[0], "DELETE"))
    return g_strdup ("HTTP/1.1 204 No Content\r\n\r\n");
  if (g_str_equal (words[0], "POST") && g_strv_length (path) == 6)
    body = minted_body (path[4]);
  else if (g_str_equal (words[1], "/developers/me"))
    body = g_strdup ("{\"id\":\"54b5a454\",\"email\":\"ada@example.com\",\"workspaces\":[{\"id\":\"01a207cc\",\"name\":"
                     "\"acme\",\"slug\":\"acme\",\"created\":\"2026-01-01T00:00:00.000Z\"}],\"databases\":[],\"kind\":"
                     "\"HUMAN\"}");
  else
    body = g_strdup ("[]");
  return g_strdup_printf ("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                          strlen (body), body);
}

/* One connection to its end. No client of the bench sends a body. */
static gpointer
serve (gpointer data)
{
  int fd = GPOINTER_TO_INT (data);
  char head[HEAD_MAX + 1];
  gsize len = 0;
  gssize n;

  while (len < HEAD_MAX && (n = read (fd, head + len, HEAD_MAX - len)) > 0)
    {
      g_autofree char *answer = NULL;

      len += (gsize) n;
      head[len] = '\0';
      if (strstr (head, "\r\n\r\n") == NULL)
        continue;
      answer = answer_to (head);
      len = 0;
      if (write (fd, answer, strlen (answer)) < 0)
        break;
    }
  close (fd);
  return NULL;
}

static gpointer
wait_for_end (gpointer data)
{
  char byte;

  while (read (STDIN_FILENO, &byte, 1) > 0)
    ;
  _exit (0);
}

int
main (void)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t len = sizeof address;
  int listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (bind (listener, (struct sockaddr *) &address, len) < 0 || listen (listener, 64) < 0
      || getsockname (listener, (struct sockaddr *) &address, &len) < 0)
    return 1;
  printf ("http://127.0.0.1:%d\n", ntohs (address.sin_port));
  fflush (stdout);
  g_thread_unref (g_thread_new ("end", wait_for_end, NULL));
  for (;;)
    {
      int fd = accept (listener, NULL, NULL);

      if (fd < 0)
        return 1;
      setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof (int));
      g_thread_unref (g_thread_new ("connection", serve, GINT_TO_POINTER (fd)));
    }
}
