/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The timer on the wall clock, and the wall clock itself, are stood in for: nobody may set the clock of the machine that
 * this runs on. A clock that is set makes the timer readable, and reading it fails with ECANCELED (timerfd_create(2)). */
#include "expiry.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "error.h"
#include "request.h"

#define NOW 1700000000
#define LIFE 1000 /* announced a tenth before the end */
#define RETRY 300
#define PATH "/item"

/* What is stood in for */

static struct
{
  int fd; /* of the timer; an eventfd */
  clockid_t clock;
  int flags;
  gint64 armed_sec;
  guint n_armed;
  gboolean was_set; /* the next read is of a clock that was set */
  gint64 now_sec;
} fake;

static struct
{
  FelRequest *request;
  FelRequestDone done;
  gpointer data;
  guint n;
} started;

int __wrap_timerfd_create (int clock, int flags);
int __wrap_timerfd_settime (int fd, int flags, const struct itimerspec *when, struct itimerspec *old);
ssize_t __real_read (int fd, void *bytes, size_t len);
ssize_t __wrap_read (int fd, void *bytes, size_t len);
gint64 __wrap_g_get_real_time (void)
    __attribute__ ((visibility ("default"))); /* the linker sees that GIO uses it, too */
void __wrap_fel_request_start (FelRequest *self, FelRequestDone done, gpointer user_data);

int
__wrap_timerfd_create (int clock, int flags)
{
  fake.clock = clock;
  fake.fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
  return fake.fd;
}

int
__wrap_timerfd_settime (int fd, int flags, const struct itimerspec *when, struct itimerspec *old)
{
  g_assert_cmpint (fd, ==, fake.fd);
  g_assert_cmpint (when->it_interval.tv_sec, ==, 0);
  fake.flags = flags;
  fake.armed_sec = when->it_value.tv_sec;
  fake.n_armed++;
  return 0;
}

ssize_t
__wrap_read (int fd, void *bytes, size_t len)
{
  ssize_t n = __real_read (fd, bytes, len);

  if (fd != fake.fd || !fake.was_set)
    return n;
  fake.was_set = FALSE;
  errno = ECANCELED;
  return -1;
}

gint64
__wrap_g_get_real_time (void)
{
  return fake.now_sec * G_USEC_PER_SEC;
}

void
__wrap_fel_request_start (FelRequest *self, FelRequestDone done, gpointer user_data)
{
  g_assert_null (started.request);
  started.request = fel_request_ref (self);
  started.done = done;
  started.data = user_data;
  started.n++;
}

static guint n_said; /* in the journal */

static GLogWriterOutput
count_line (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  n_said++;
  return G_LOG_WRITER_HANDLED;
}

/* The parts that an expiry needs */

typedef struct
{
  FelBroker broker;
  FelInstance instance;
  GString *told; /* ids, a space behind each */
} Fixture;

static void
on_expiring (const FelCredential *credential, gpointer user_data)
{
  g_string_append_printf (((Fixture *) user_data)->told, "%s ", credential->id);
}

static void
on_event (FelCatalogEvent event, FelCredential *credential, gpointer user_data)
{
  fel_expiry_touch (((Fixture *) user_data)->broker.expiry);
}

static void
turn (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}

static void
fixture_init (Fixture *self)
{
  fake.now_sec = NOW;
  fake.n_armed = started.n = n_said = 0;
  *self = (Fixture){ .told = g_string_new (NULL), .instance = { .name = "nile", .loaded = TRUE } };
  self->broker.catalog = fel_catalog_new (on_event, self);
  self->broker.listener.credential_expiring = on_expiring;
  self->broker.listener_data = self;
  self->broker.expiry = fel_expiry_new (&self->broker);
  fel_expiry_start (self->broker.expiry);
  turn ();
}

static void
fixture_clear (Fixture *self)
{
  g_assert_null (started.request);
  fel_expiry_free (self->broker.expiry);
  self->broker.expiry = NULL;
  fel_catalog_free (self->broker.catalog);
  g_string_free (self->told, TRUE);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fixture, fixture_clear)

static void
store (Fixture *self, gint64 end_sec, FelTristate renewable)
{
  g_autoptr (FelCredential) credential = fel_credential_new ();

  credential->id = g_strdup ("c");
  credential->backend = g_strdup ("nile");
  credential->workspace = g_strdup ("w");
  credential->database = g_strdup ("d");
  credential->created_sec = NOW;
  credential->not_after_sec = end_sec;
  credential->renewable = renewable;
  fel_catalog_put (self->broker.catalog, PATH, credential);
  turn ();
}

static void
make_readable (void)
{
  const guint64 once = 1;

  g_assert_cmpint (write (fake.fd, &once, sizeof once), ==, sizeof once);
  turn ();
}

static void
set_clock (gint64 now_sec)
{
  fake.now_sec = now_sec;
  fake.was_set = TRUE;
  make_readable ();
  g_assert_false (fake.was_set); /* it was read: else the loop would spin */
}

static void
pass (gint64 now_sec)
{
  fake.now_sec = now_sec;
  make_readable ();
}

/* code: -1: it went well */
static void
finish (Fixture *self, int code)
{
  g_autoptr (FelRequest) request = g_steal_pointer (&started.request);

  request->instance = &self->instance;
  if (code >= 0)
    request->error = g_error_new_literal (FEL_ERROR, code, "no");
  else if (request->kind == &fel_request_revoke)
    fel_catalog_remove (self->broker.catalog, PATH);
  started.done (request, started.data);
  turn ();
}

/* The clock */

static void
test_it_is_armed_on_the_wall_clock (void)
{
  g_auto (Fixture) self;

  fixture_init (&self);
  g_assert_cmpint (fake.clock, ==, CLOCK_REALTIME);
  g_assert_cmpint (fake.armed_sec, ==, 0); /* nothing has an end */
  store (&self, NOW + LIFE, FEL_UNSET);
  g_assert_cmpint (fake.flags, ==, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET);
  g_assert_cmpint (fake.armed_sec, ==, NOW + 900);
  pass (NOW + 900);
  g_assert_cmpstr (self.told->str, ==, "c ");
  g_assert_cmpint (fake.armed_sec, ==, NOW + LIFE);
  pass (NOW + LIFE);
  g_assert_true (started.request->kind == &fel_request_revoke);
  finish (&self, -1);
  g_assert_cmpint (fake.armed_sec, ==, 0);
}

static void
test_a_clock_that_is_set_forward (void)
{
  g_auto (Fixture) self;

  fixture_init (&self);
  store (&self, NOW + LIFE, FEL_UNSET);
  set_clock (NOW + 950);
  g_assert_cmpstr (self.told->str, ==, "c ");
  g_assert_cmpint (fake.armed_sec, ==, NOW + LIFE);
  set_clock (NOW + 86400);
  g_assert_cmpuint (started.n, ==, 1);
  g_assert_true (started.request->kind == &fel_request_revoke);
  finish (&self, -1);
}

static void
test_a_clock_that_is_set_back (void)
{
  g_auto (Fixture) self;
  guint n_armed;

  fixture_init (&self);
  store (&self, NOW + LIFE, FEL_UNSET);
  pass (NOW + 900);
  n_armed = fake.n_armed;
  set_clock (NOW - 86400);
  g_assert_cmpuint (fake.n_armed, >, n_armed); /* armed anew, and for the same moment */
  g_assert_cmpint (fake.armed_sec, ==, NOW + 900);
  g_assert_cmpuint (started.n, ==, 0);
  pass (NOW + 900);
  g_assert_cmpstr (self.told->str, ==, "c "); /* it is said once */
  pass (NOW + LIFE);
  finish (&self, -1);
}

static void
test_a_clock_that_was_not_set_yet (void)
{
  g_auto (Fixture) self;

  fixture_init (&self);
  set_clock (0); /* 1970, as without a battery */
  store (&self, NOW + LIFE, FEL_UNSET);
  g_assert_cmpint (fake.armed_sec, ==, NOW + 900);
  set_clock (NOW + LIFE);
  finish (&self, -1);
}

/* What fails */

static void
test_what_fails_is_tried_again (void)
{
  g_auto (Fixture) self;

  fixture_init (&self);
  store (&self, NOW + LIFE, FEL_UNSET);
  pass (NOW + LIFE);
  finish (&self, FEL_ERROR_UNREACHABLE);
  g_assert_cmpint (fake.armed_sec, ==, NOW + LIFE + RETRY);
  pass (NOW + LIFE + RETRY - 1);
  g_assert_cmpuint (started.n, ==, 1);
  pass (NOW + LIFE + RETRY);
  g_assert_cmpuint (started.n, ==, 2);
  finish (&self, FEL_ERROR_KEYRING_LOCKED);
  fel_expiry_kick (self.broker.expiry); /* the keyring is open */
  turn ();
  g_assert_cmpuint (started.n, ==, 3);
  finish (&self, -1);
}

static void
test_a_clock_that_is_set_back_delays_no_retry (void)
{
  g_auto (Fixture) self;

  fixture_init (&self);
  store (&self, NOW + LIFE, FEL_UNSET);
  pass (NOW + LIFE + 7200);
  finish (&self, FEL_ERROR_UNREACHABLE);
  set_clock (NOW + LIFE + 3600); /* summer is over, for somebody whose clock runs on local time */
  g_assert_cmpuint (started.n, ==, 2);
  finish (&self, -1);
}

static bool
never_called (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  g_assert_not_reached ();
}

static void
test_what_cannot_be_revoked_is_asked_once (void)
{
  g_auto (Fixture) self;

  fixture_init (&self);
  self.instance.backend.revoke = never_called;
  store (&self, NOW + LIFE, FEL_UNSET);
  pass (NOW + LIFE);
  finish (&self, FEL_ERROR_UNSUPPORTED);
  g_assert_cmpint (fake.armed_sec, ==, 0);
  g_assert_false (fel_expiry_is_waiting (self.broker.expiry));
  pass (NOW + LIFE + 10 * RETRY);
  fel_expiry_kick (self.broker.expiry);
  turn ();
  g_assert_cmpuint (started.n, ==, 1);
  store (&self, NOW + LIFE + 20 * RETRY, FEL_UNSET); /* another end */
  g_assert_cmpuint (n_said, ==, 1);
  pass (NOW + LIFE + 20 * RETRY);
  g_assert_cmpuint (started.n, ==, 2);
  finish (&self, -1);
}

static void
test_without_the_verb_it_is_forgotten (void)
{
  g_auto (Fixture) self;

  fixture_init (&self);
  store (&self, NOW + LIFE, FEL_UNSET);
  pass (NOW + LIFE);
  g_assert_false (started.request->options->local_only);
  finish (&self, FEL_ERROR_UNSUPPORTED);
  g_assert_true (started.request->options->local_only);
  finish (&self, FEL_ERROR_KEYRING_LOCKED);
  pass (NOW + LIFE + RETRY);
  g_assert_true (started.request->options->local_only);
  finish (&self, -1);
  g_assert_cmpuint (started.n, ==, 3);
  g_assert_cmpuint (n_said, ==, 1);
}

static void
test_what_cannot_be_renewed_is_asked_once (void)
{
  g_auto (Fixture) self;

  fixture_init (&self);
  store (&self, NOW + LIFE, FEL_TRUE);
  g_assert_cmpint (fake.armed_sec, ==, NOW + 800);
  pass (NOW + 800);
  g_assert_true (started.request->kind == &fel_request_renew);
  finish (&self, FEL_ERROR_UNSUPPORTED);
  g_assert_cmpint (fake.armed_sec, ==, NOW + 900);
  pass (NOW + 850);
  g_assert_cmpuint (started.n, ==, 1);
  pass (NOW + LIFE);
  g_assert_true (started.request->kind == &fel_request_revoke);
  finish (&self, -1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (count_line, NULL, NULL);
  g_test_add_func ("/expiry/armed", test_it_is_armed_on_the_wall_clock);
  g_test_add_func ("/expiry/forward", test_a_clock_that_is_set_forward);
  g_test_add_func ("/expiry/back", test_a_clock_that_is_set_back);
  g_test_add_func ("/expiry/1970", test_a_clock_that_was_not_set_yet);
  g_test_add_func ("/expiry/retry", test_what_fails_is_tried_again);
  g_test_add_func ("/expiry/retry-back", test_a_clock_that_is_set_back_delays_no_retry);
  g_test_add_func ("/expiry/unsupported", test_what_cannot_be_revoked_is_asked_once);
  g_test_add_func ("/expiry/no-verb", test_without_the_verb_it_is_forgotten);
  g_test_add_func ("/expiry/renew", test_what_cannot_be_renewed_is_asked_once);
  return g_test_run ();
}
