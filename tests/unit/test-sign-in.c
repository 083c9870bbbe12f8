/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sign-in.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gio/gio.h>
#include <gmodule.h>

#include "error.h"

#define DEADLINE_SEC 300
#define CONNECTION_SEC 10

gboolean __real_g_socket_bind (GSocket *socket, GSocketAddress *address, gboolean allow_reuse, GError **error);
G_MODULE_EXPORT gboolean __wrap_g_socket_bind (GSocket *socket, GSocketAddress *address, gboolean allow_reuse,
                                               GError **error);
G_MODULE_EXPORT guint __wrap_g_timeout_add_seconds (guint interval_sec, GSourceFunc func, gpointer data);

static guint hasty_sec; /* deadlines of this length come at once */
static guint n_hasty;   /* of them were set */
static GIOErrorEnum v6_fault;
static guint n_v6_faults; /* that are still to come */

gboolean
__wrap_g_socket_bind (GSocket *socket, GSocketAddress *address, gboolean allow_reuse, GError **error)
{
  if (g_socket_get_family (socket) != G_SOCKET_FAMILY_IPV6 || n_v6_faults == 0)
    return __real_g_socket_bind (socket, address, allow_reuse, error);
  n_v6_faults--;
  g_set_error_literal (error, G_IO_ERROR, (int) v6_fault, "scripted");
  return FALSE;
}

guint
__wrap_g_timeout_add_seconds (guint interval_sec, GSourceFunc func, gpointer data)
{
  if (interval_sec != hasty_sec)
    return g_timeout_add (interval_sec * 1000, func, data);
  n_hasty++;
  return g_timeout_add (1, func, data);
}

typedef struct
{
  guint n;
  FelSignIn *sign_in;
  GError *error;
} Answer;

static void
on_done (FelSignIn *sign_in, const GError *error, gpointer user_data)
{
  Answer *self = user_data;

  self->n++;
  self->sign_in = sign_in;
  self->error = error != NULL ? g_error_copy (error) : NULL;
}

static void
turn_until_answered (Answer *self)
{
  while (self->n == 0)
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < 5; i++) /* no second answer comes */
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (self->n, ==, 1);
}

static FelSignIn *
begin (FelSignIns *all)
{
  g_autoptr (GError) error = NULL;
  FelSignIn *self = fel_sign_ins_begin (all, "nile", &error);

  g_assert_no_error (error);
  g_assert_nonnull (self);
  return self;
}

static void
wait_for (FelSignIn *sign_in, Answer *answer)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (fel_sign_in_wait (sign_in, on_done, answer, &error));
  g_assert_no_error (error);
}

static guint16
port_of (const FelSignIn *sign_in)
{
  guint port = 0;

  g_assert_cmpint (sscanf (sign_in->redirect_uri, "http://localhost:%u/callback", &port), ==, 1);
  return (guint16) port;
}

/* Sends a request; the answer is read by read_status(). */
static int
knock (const FelSignIn *sign_in, const char *query)
{
  struct sockaddr_in address
      = { .sin_family = AF_INET, .sin_port = htons (port_of (sign_in)), .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  g_autofree char *request = g_strdup_printf ("GET /callback?%s&state=%s HTTP/1.1\r\nHost: localhost:%u\r\n\r\n", query,
                                              sign_in->state, port_of (sign_in));
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (connect (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  if (query[0] != '\0')
    g_assert_cmpint (send (fd, request, strlen (request), 0), ==, (gssize) strlen (request));
  return fd;
}

/* Turns the loop until something comes; 0: the other side has closed. Takes the descriptor. */
static guint
read_status (int fd)
{
  char bytes[4096] = { 0 };
  guint status = 0;
  ssize_t n;

  while ((n = recv (fd, bytes, sizeof bytes - 1, MSG_DONTWAIT)) < 0 && errno == EAGAIN)
    g_main_context_iteration (NULL, TRUE);
  if (n > 0)
    g_assert_cmpint (sscanf (bytes, "HTTP/1.1 %u ", &status), ==, 1);
  close (fd);
  return status;
}

static void
test_answered (void)
{
  FelSignIns *all = fel_sign_ins_new ();
  FelSignIn *sign_in = begin (all);
  Answer answer = { 0 };

  wait_for (sign_in, &answer);
  g_assert_cmpuint (read_status (knock (sign_in, "code=c0de")), ==, 200);
  turn_until_answered (&answer);
  g_assert_no_error (answer.error);
  g_assert_true (answer.sign_in == sign_in);
  g_assert_cmpstr (sign_in->code->bytes, ==, "c0de");
  g_assert_cmpuint (read_status (knock (sign_in, "code=other")), ==, 410);
  g_assert_cmpstr (sign_in->code->bytes, ==, "c0de");
  fel_sign_in_end (sign_in);
  g_assert_cmpuint (fel_sign_ins_count (all), ==, 0);
  fel_sign_ins_free (all);
}

/* RFC 7636, section 4.2 */
static void
test_challenge (void)
{
  FelSignIns *all = fel_sign_ins_new ();
  FelSignIn *sign_in = begin (all);
  g_autofree char *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, sign_in->verifier->bytes, -1);
  g_autofree char *padded = g_strconcat (sign_in->challenge, "=", NULL);
  gsize len = 0;
  g_autofree guchar *digest = NULL;

  g_assert_cmpuint (sign_in->verifier->len, ==, 43);
  g_strdelimit (g_strdelimit (padded, "-", '+'), "_", '/');
  digest = g_base64_decode (padded, &len);
  g_assert_cmpuint (len, ==, 32);
  for (gsize i = 0; i < len; i++)
    {
      g_autofree char *hex = g_strdup_printf ("%02x", digest[i]);

      g_assert_true (strncmp (hex, sum + 2 * i, 2) == 0);
    }
  fel_sign_ins_free (all);
}

static void
test_deadline (void)
{
  FelSignIns *all = fel_sign_ins_new ();
  Answer answer = { 0 };
  FelSignIn *sign_in;

  hasty_sec = DEADLINE_SEC;
  n_hasty = 0;
  sign_in = begin (all);
  g_assert_cmpuint (n_hasty, ==, 1);
  wait_for (sign_in, &answer);
  turn_until_answered (&answer);
  g_assert_error (answer.error, FEL_ERROR, FEL_ERROR_TIMED_OUT);
  fel_sign_in_end (sign_in);
  g_clear_error (&answer.error);

  begin (all); /* nobody comes for this one */
  while (fel_sign_ins_count (all) > 0)
    g_main_context_iteration (NULL, TRUE);
  fel_sign_ins_free (all);
  hasty_sec = 0;
}

/* The deadline is the browser's: whoever has its answer may take the time that the exchange needs. */
static void
test_no_deadline_once_answered (void)
{
  FelSignIns *all = fel_sign_ins_new ();
  FelSignIn *sign_in = begin (all);
  Answer answer = { 0 };
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (read_status (knock (sign_in, "code=c0de")), ==, 200);
  wait_for (sign_in, &answer);
  turn_until_answered (&answer);
  g_assert_no_error (answer.error);
  g_assert_false (fel_sign_in_wait (sign_in, on_done, &answer, &error));
  g_assert_error (error, FEL_ERROR, FEL_ERROR_CONFLICT);
  fel_sign_ins_free (all);
}

/* A connection that is silent is closed; the sign-in goes on. */
static void
test_silence (void)
{
  FelSignIns *all = fel_sign_ins_new ();
  FelSignIn *sign_in = begin (all);

  hasty_sec = CONNECTION_SEC;
  g_assert_cmpuint (read_status (knock (sign_in, "")), ==, 0);
  hasty_sec = 0;
  g_assert_cmpuint (read_status (knock (sign_in, "code=c0de")), ==, 200);
  fel_sign_ins_free (all);
}

static void
test_second_wait (void)
{
  FelSignIns *all = fel_sign_ins_new ();
  FelSignIn *sign_in = begin (all);
  Answer first = { 0 }, second = { 0 };
  g_autoptr (GError) error = NULL;

  wait_for (sign_in, &first);
  g_assert_false (fel_sign_in_wait (sign_in, on_done, &second, &error));
  g_assert_error (error, FEL_ERROR, FEL_ERROR_CONFLICT);
  fel_sign_in_cancel (sign_in, "enough");
  fel_sign_in_cancel (sign_in, "enough and more");
  g_assert_cmpuint (first.n, ==, 0); /* not from within */
  turn_until_answered (&first);
  g_assert_error (first.error, FEL_ERROR, FEL_ERROR_CANCELLED);
  g_assert_cmpuint (second.n, ==, 0);
  g_clear_error (&first.error);
  fel_sign_ins_free (all);
}

/* An answer that is on its way when the sign-in ends does not arrive. */
static void
test_end_before_the_answer (void)
{
  FelSignIns *all = fel_sign_ins_new ();
  FelSignIn *sign_in = begin (all);
  Answer answer = { 0 };

  wait_for (sign_in, &answer);
  fel_sign_in_cancel (sign_in, "enough");
  fel_sign_in_end (sign_in);
  for (guint i = 0; i < 5; i++)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (answer.n, ==, 0);
  fel_sign_ins_free (all);
}

static void
test_limit (void)
{
  FelSignIns *all = fel_sign_ins_new ();
  g_autoptr (GError) error = NULL;
  FelSignIn *last = NULL;

  for (guint i = 0; i < FEL_SIGN_INS_MAX; i++)
    last = begin (all);
  g_assert_null (fel_sign_ins_begin (all, "nile", &error));
  g_assert_error (error, FEL_ERROR, FEL_ERROR_LIMIT_EXCEEDED);
  fel_sign_in_end (last);
  begin (all);
  fel_sign_ins_free (all);
}

static void
test_handles (void)
{
  FelSignIns *all = fel_sign_ins_new ();
  FelSignIn *first = begin (all), *second = begin (all);
  g_autofree char *handle = g_strdup (first->handle);
  g_autoptr (GError) error = NULL;

  g_assert_true (fel_sign_ins_find (all, first->handle, NULL) == first);
  g_assert_true (fel_sign_ins_find (all, second->handle, NULL) == second);
  fel_sign_in_end (first);
  g_assert_null (fel_sign_ins_find (all, handle, &error));
  g_assert_error (error, FEL_ERROR, FEL_ERROR_NOT_FOUND);
  fel_sign_ins_free (all);
}

static void
test_stop (void)
{
  FelSignIns *all = fel_sign_ins_new ();
  FelSignIn *sign_in = begin (all), *late = begin (all);
  Answer answer = { 0 }, late_answer = { 0 };
  g_autoptr (GError) error = NULL;

  wait_for (sign_in, &answer);
  fel_sign_ins_stop (all);
  turn_until_answered (&answer);
  g_assert_error (answer.error, FEL_ERROR, FEL_ERROR_CANCELLED);
  g_clear_error (&answer.error);
  wait_for (late, &late_answer);
  turn_until_answered (&late_answer);
  g_assert_error (late_answer.error, FEL_ERROR, FEL_ERROR_CANCELLED);
  g_clear_error (&late_answer.error);
  g_assert_null (fel_sign_ins_begin (all, "nile", &error));
  g_assert_error (error, FEL_ERROR, FEL_ERROR_CANCELLED);
  fel_sign_ins_free (all);
}

/* Addresses that a machine may lack, or that somebody else has taken */

static void
test_port_is_taken_for_a_while (void)
{
  FelSignIns *all = fel_sign_ins_new ();
  FelSignIn *sign_in;

  v6_fault = G_IO_ERROR_ADDRESS_IN_USE;
  n_v6_faults = 3;
  sign_in = begin (all);
  g_assert_cmpuint (n_v6_faults, ==, 0);
  g_assert_cmpuint (read_status (knock (sign_in, "code=c0de")), ==, 200);
  fel_sign_ins_free (all);
}

/* Not on one of them alone: the browser could come to whoever has the other. */
static void
test_port_is_taken_for_ever (void)
{
  FelSignIns *all = fel_sign_ins_new ();
  g_autoptr (GError) error = NULL;

  v6_fault = G_IO_ERROR_ADDRESS_IN_USE;
  n_v6_faults = G_MAXUINT;
  g_assert_null (fel_sign_ins_begin (all, "nile", &error));
  g_assert_error (error, FEL_ERROR, FEL_ERROR_INTERNAL);
  g_assert_cmpuint (fel_sign_ins_count (all), ==, 0);
  n_v6_faults = 0;
  fel_sign_ins_free (all);
}

static void
test_no_ipv6 (void)
{
  FelSignIns *all = fel_sign_ins_new ();
  FelSignIn *sign_in;

  v6_fault = G_IO_ERROR_FAILED; /* EADDRNOTAVAIL */
  n_v6_faults = G_MAXUINT;
  sign_in = begin (all);
  n_v6_faults = 0;
  g_assert_cmpuint (read_status (knock (sign_in, "code=c0de")), ==, 200);
  fel_sign_ins_free (all);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sign-in/answered", test_answered);
  g_test_add_func ("/sign-in/challenge", test_challenge);
  g_test_add_func ("/sign-in/deadline", test_deadline);
  g_test_add_func ("/sign-in/no-deadline-once-answered", test_no_deadline_once_answered);
  g_test_add_func ("/sign-in/silence", test_silence);
  g_test_add_func ("/sign-in/second-wait", test_second_wait);
  g_test_add_func ("/sign-in/end-before-the-answer", test_end_before_the_answer);
  g_test_add_func ("/sign-in/limit", test_limit);
  g_test_add_func ("/sign-in/handles", test_handles);
  g_test_add_func ("/sign-in/stop", test_stop);
  g_test_add_func ("/sign-in/port-is-taken-for-a-while", test_port_is_taken_for_a_while);
  g_test_add_func ("/sign-in/port-is-taken-for-ever", test_port_is_taken_for_ever);
  g_test_add_func ("/sign-in/no-ipv6", test_no_ipv6);
  return g_test_run ();
}
