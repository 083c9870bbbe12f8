/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus-source.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib-unix.h>

#define CALLS 50

/* Two ends of one private connection, each on a context of its own. */
typedef struct
{
  GMainContext *server_context;
  GMainContext *client_context;
  sd_bus *server;
  sd_bus *client;
  GSource *server_source;
  GSource *client_source;
  guint signals;
  guint asked;   /* calls that the server saw */
  guint replies; /* good ones that the client saw */
  int refusal;   /* errno of the last bad one */
  guint server_lost;
  guint client_lost;
  int lost_why;
} Fixture;

static int
on_call (sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
  Fixture *self = userdata;
  const char *text;

  if (!sd_bus_message_is_method_call (message, "org.felucca.Test", "Echo"))
    return 0;
  self->asked++;
  g_assert_cmpint (sd_bus_message_read (message, "s", &text), >, 0);
  return sd_bus_reply_method_return (message, "s", text);
}

/* Takes a call and never answers it. */
static int
on_call_ignored (sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
  Fixture *self = userdata;

  if (!sd_bus_message_is_method_call (message, "org.felucca.Test", "Echo"))
    return 0;
  self->asked++;
  return 1;
}

static int
on_reply (sd_bus_message *reply, void *userdata, sd_bus_error *ret_error)
{
  Fixture *self = userdata;
  const char *text;

  if (sd_bus_message_is_method_error (reply, NULL))
    {
      self->refusal = sd_bus_message_get_errno (reply);
      return 1;
    }
  g_assert_cmpint (sd_bus_message_read (reply, "s", &text), >, 0);
  g_assert_cmpstr (text, ==, "hello");
  self->replies++;
  return 1;
}

/* Answers only after a few signals. */
static int
on_call_with_signals (sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
  sd_bus *bus = sd_bus_message_get_bus (message);

  for (guint i = 0; i < 3; i++)
    g_assert_cmpint (sd_bus_emit_signal (bus, "/", "org.felucca.Test", "Ping", NULL), >=, 0);
  return on_call (message, userdata, ret_error);
}

static int
on_client_message (sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
  if (sd_bus_message_is_signal (message, "org.felucca.Test", "Ping"))
    ((Fixture *) userdata)->signals++;
  return 0;
}

static void
on_server_lost (int r, gpointer user_data)
{
  Fixture *self = user_data;

  self->server_lost++;
  self->lost_why = r;
}

static void
on_client_lost (int r, gpointer user_data)
{
  ((Fixture *) user_data)->client_lost++;
}

static gboolean
turn (Fixture *self)
{
  gboolean server = g_main_context_iteration (self->server_context, FALSE);
  gboolean client = g_main_context_iteration (self->client_context, FALSE);

  return server || client;
}

/* Turns both contexts until it is so. */
#define WAIT_FOR(fixture, condition)                                                                                   \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    gint64 end_usec = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;                                                   \
                                                                                                                       \
    while (!(condition))                                                                                               \
      {                                                                                                                \
        if (!turn (fixture))                                                                                           \
          g_usleep (200);                                                                                              \
        g_assert_cmpint (g_get_monotonic_time (), <, end_usec);                                                        \
      }                                                                                                                \
  }                                                                                                                    \
  G_STMT_END

static void
turn_until_idle (Fixture *self)
{
  for (guint i = 0; i < 1000 && turn (self); i++)
    ;
  g_assert_false (g_main_context_pending (self->server_context));
  g_assert_false (g_main_context_pending (self->client_context));
}

static void
fixture_init (Fixture *self, sd_bus_message_handler_t handler)
{
  sd_id128_t id = SD_ID128_MAKE (01, 02, 03, 04, 05, 06, 07, 08, 09, 0a, 0b, 0c, 0d, 0e, 0f, 10);
  int fds[2];

  *self = (Fixture){ 0 };
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), ==, 0);
  g_assert_cmpint (sd_bus_new (&self->server), >=, 0);
  g_assert_cmpint (sd_bus_new (&self->client), >=, 0);
  g_assert_cmpint (sd_bus_set_fd (self->server, fds[0], fds[0]), >=, 0);
  g_assert_cmpint (sd_bus_set_fd (self->client, fds[1], fds[1]), >=, 0);
  g_assert_cmpint (sd_bus_set_server (self->server, 1, id), >=, 0);
  g_assert_cmpint (sd_bus_set_anonymous (self->server, 1), >=, 0);
  g_assert_cmpint (sd_bus_add_filter (self->server, NULL, handler, self), >=, 0);
  g_assert_cmpint (sd_bus_add_filter (self->client, NULL, on_client_message, self), >=, 0);
  g_assert_cmpint (sd_bus_start (self->server), >=, 0);
  g_assert_cmpint (sd_bus_start (self->client), >=, 0);
  self->server_source = fel_bus_source_new (self->server, on_server_lost, self);
  self->client_source = fel_bus_source_new (self->client, on_client_lost, self);
  self->server_context = g_main_context_new ();
  self->client_context = g_main_context_new ();
  g_source_attach (self->server_source, self->server_context);
  g_source_attach (self->client_source, self->client_context);
}

static void
fixture_clear (Fixture *self)
{
  g_source_destroy (self->server_source);
  g_source_destroy (self->client_source);
  g_source_unref (self->server_source);
  g_source_unref (self->client_source);
  sd_bus_close (self->server);
  sd_bus_unref (self->server);
  if (self->client != NULL)
    sd_bus_close (self->client);
  sd_bus_unref (self->client);
  g_main_context_unref (self->server_context);
  g_main_context_unref (self->client_context);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fixture, fixture_clear)

static void
call (Fixture *self, guint64 timeout_usec)
{
  sd_bus_message *message = NULL;

  g_assert_cmpint (sd_bus_message_new_method_call (self->client, &message, NULL, "/", "org.felucca.Test", "Echo"), >=,
                   0);
  g_assert_cmpint (sd_bus_message_append (message, "s", "hello"), >=, 0);
  g_assert_cmpint (sd_bus_call_async (self->client, NULL, message, on_reply, self, timeout_usec), >=, 0);
  sd_bus_message_unref (message);
}

static void
test_call_is_answered (void)
{
  g_auto (Fixture) f;

  fixture_init (&f, on_call);
  call (&f, 0);
  WAIT_FOR (&f, f.replies == 1);
  g_assert_cmpuint (f.asked, ==, 1);
  g_assert_cmpuint (f.server_lost + f.client_lost, ==, 0);
}

static void
test_many_calls_at_once (void)
{
  g_auto (Fixture) f;

  fixture_init (&f, on_call);
  call (&f, 0);
  WAIT_FOR (&f, f.replies == 1);
  for (guint i = 1; i < CALLS; i++)
    call (&f, 0);
  g_assert_cmpint (sd_bus_flush (f.client), >=, 0);
  while (f.asked < CALLS)
    g_main_context_iteration (f.server_context, TRUE);
  WAIT_FOR (&f, f.replies == CALLS);
  g_assert_cmpuint (f.asked, ==, CALLS);
}

static gpointer
run_server (gpointer data)
{
  Fixture *self = data;

  while (self->asked < 2)
    g_main_context_iteration (self->server_context, TRUE);
  return NULL;
}

/* What a blocking call has put aside is in no socket any more: the source has to come back for it without waiting. */
static void
test_queued_messages (void)
{
  g_auto (Fixture) f;
  sd_bus_message *reply = NULL;
  GThread *server;

  fixture_init (&f, on_call_with_signals);
  call (&f, 0);
  WAIT_FOR (&f, f.replies == 1 && f.signals == 3);
  turn_until_idle (&f); /* a dispatch wakes its context once more, which would hide a missing one */
  server = g_thread_new ("server", run_server, &f);
  g_assert_cmpint (sd_bus_call_method (f.client, NULL, "/", "org.felucca.Test", "Echo", NULL, &reply, "s", "hello"), >=,
                   0);
  g_thread_join (server);
  sd_bus_message_unref (reply);
  g_assert_cmpuint (f.signals, ==, 3);
  while (f.signals < 6)
    g_main_context_iteration (f.client_context, TRUE);
}

/* The bus has deadlines of its own; nothing else wakes the loop then. */
static void
test_deadline_of_a_call (void)
{
  g_auto (Fixture) f;
  guint turns = 0;

  fixture_init (&f, on_call_ignored);
  call (&f, 30 * 1000);
  WAIT_FOR (&f, f.asked == 1);
  for (; f.refusal == 0; turns++)
    g_main_context_iteration (f.client_context, TRUE);
  g_assert_cmpuint (turns, <=, 5); /* it sleeps until then */
  g_assert_cmpint (f.refusal, ==, ETIMEDOUT);
  g_assert_cmpuint (f.asked, ==, 1);
  g_assert_cmpuint (f.replies, ==, 0);
}

static gboolean
on_wait_is_over (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

/* No turn of the loop but the one of our own timer. */
static void
test_idle_source_rests (void)
{
  g_auto (Fixture) f;
  g_autoptr (GSource) timer = g_timeout_source_new (100);
  gboolean over = FALSE;
  guint turns = 0;

  fixture_init (&f, on_call);
  call (&f, 0);
  WAIT_FOR (&f, f.replies == 1);
  turn_until_idle (&f);
  g_source_set_callback (timer, on_wait_is_over, &over, NULL);
  g_source_attach (timer, f.server_context);
  while (!over)
    {
      g_main_context_iteration (f.server_context, TRUE);
      turns++;
    }
  g_assert_cmpuint (turns, <=, 2);
}

static void
test_lost_once (void)
{
  g_auto (Fixture) f;

  fixture_init (&f, on_call);
  call (&f, 0);
  WAIT_FOR (&f, f.replies == 1);
  sd_bus_close (f.client);
  WAIT_FOR (&f, f.server_lost > 0 && f.client_lost > 0);
  turn_until_idle (&f);
  g_assert_cmpuint (f.server_lost, ==, 1);
  g_assert_cmpuint (f.client_lost, ==, 1);
  g_assert_cmpint (f.lost_why, <, 0);
  g_assert_true (g_source_is_destroyed (f.server_source));
}

/* What the peer had sent before it left is still handled. */
static void
test_last_call_before_the_end (void)
{
  g_auto (Fixture) f;

  fixture_init (&f, on_call);
  call (&f, 0);
  WAIT_FOR (&f, f.replies == 1);
  call (&f, 0);
  g_assert_cmpint (sd_bus_flush (f.client), >=, 0);
  sd_bus_close (f.client);
  WAIT_FOR (&f, f.server_lost > 0);
  g_assert_cmpuint (f.asked, ==, 2);
  g_assert_cmpuint (f.server_lost, ==, 1);
}

/* A peer that leaves before it has said who it is. */
static void
test_lost_before_it_was_connected (void)
{
  g_auto (Fixture) f;
  int fd;

  fixture_init (&f, on_call);
  fd = sd_bus_get_fd (f.client);
  g_assert_cmpint (shutdown (fd, SHUT_RDWR), ==, 0);
  WAIT_FOR (&f, f.server_lost > 0);
  turn_until_idle (&f);
  g_assert_cmpuint (f.server_lost, ==, 1);
}

/* The source keeps the bus alive, and no longer than itself. */
static void
test_holds_a_reference (void)
{
  g_auto (Fixture) f;
  sd_bus *bus;

  fixture_init (&f, on_call);
  bus = f.client;
  f.client = sd_bus_unref (bus); /* NULL */
  WAIT_FOR (&f, sd_bus_is_ready (bus) > 0);
  sd_bus_close (bus);
  WAIT_FOR (&f, f.client_lost > 0 && f.server_lost > 0);
}

static gboolean
on_readable (int fd, GIOCondition condition, gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

/* GLib keeps what a context polls in the order of the descriptors and insists on it: a pipe that got a lower number than
 * the bus must not bring the process down. */
static void
test_beside_a_lower_descriptor (void)
{
  g_autoptr (GSource) watch = NULL;
  g_auto (Fixture) f;
  int fds[2];

  g_assert_cmpint (pipe (fds), ==, 0);
  fixture_init (&f, on_call);
  g_assert_cmpint (fds[0], <, sd_bus_get_fd (f.server));
  watch = g_unix_fd_source_new (fds[0], G_IO_IN);
  g_source_set_callback (watch, G_SOURCE_FUNC (on_readable), NULL, NULL);
  g_source_attach (watch, f.server_context);
  call (&f, 0);
  WAIT_FOR (&f, f.replies == 1);
  g_source_destroy (watch);
  close (fds[0]);
  close (fds[1]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bus-source/call-is-answered", test_call_is_answered);
  g_test_add_func ("/bus-source/many-calls-at-once", test_many_calls_at_once);
  g_test_add_func ("/bus-source/queued-messages", test_queued_messages);
  g_test_add_func ("/bus-source/deadline-of-a-call", test_deadline_of_a_call);
  g_test_add_func ("/bus-source/idle-source-rests", test_idle_source_rests);
  g_test_add_func ("/bus-source/lost-once", test_lost_once);
  g_test_add_func ("/bus-source/last-call-before-the-end", test_last_call_before_the_end);
  g_test_add_func ("/bus-source/lost-before-it-was-connected", test_lost_before_it_was_connected);
  g_test_add_func ("/bus-source/holds-a-reference", test_holds_a_reference);
  g_test_add_func ("/bus-source/beside-a-lower-descriptor", test_beside_a_lower_descriptor);
  return g_test_run ();
}
