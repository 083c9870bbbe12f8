/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "health.h"

#include <systemd/sd-login.h>

#include "exit.h"
#include "felucca-config.h"
#include "felucca-names.h"
#include "neighbours.h"
#include "problems.h"
#include "process.h"
#include "status.h"
#include "unresolved.h"

#define DAEMON_PROGRAM "felucca-daemon"
#define SECRETS_NAME "org.freedesktop.secrets"

typedef struct Look
{
  const FelCli *cli;
  gint64 now_sec;
  FelDaemon *daemon;         /* owned; NULL: there is no way to it */
  FelNeighbours *neighbours; /* owned */
  FelRecord *health;         /* owned */
  GPtrArray *problems;       /* owned; of FelRecord */
} Look;

static void
look_clear (Look *self)
{
  fel_daemon_free (self->daemon);
  fel_neighbours_free (self->neighbours);
  fel_record_free (self->health);
  g_clear_pointer (&self->problems, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Look, look_clear)

/* The listener of a socket may be whoever starts the daemon for it. */
static pid_t
daemon_pid (Look *self)
{
  pid_t peer = fel_daemon_peer (self->daemon);
  g_autofree char *name = fel_process_name (peer);
  pid_t pid = 0;

  if (g_strcmp0 (name, DAEMON_PROGRAM) == 0)
    return peer;
  if (self->daemon->is_private)
    pid = fel_neighbours_unit_pid (self->neighbours, FEL_UNIT_SERVICE);
  return pid > 0 ? pid : fel_neighbours_owner (self->neighbours, FEL_BUS_NAME);
}

/* NULL: what started it has gone, as dbus-daemon's helper has; process 1 takes in everybody's orphans. */
static char *
started_by (pid_t pid)
{
  g_autofree char *unit = NULL;
  pid_t parent = fel_process_parent (pid);

  if (sd_pid_get_user_unit (pid, &unit) >= 0 && g_strcmp0 (unit, FEL_UNIT_SERVICE) == 0)
    return g_strdup ("systemd");
  return parent > 1 ? fel_process_name (parent) : NULL;
}

static void
look_at_process (Look *self, FelRecord *daemon)
{
  pid_t pid = daemon_pid (self);
  gint64 since_sec = fel_process_started_sec (pid, self->now_sec);
  g_autofree char *by = pid > 0 ? started_by (pid) : NULL;

  if (pid > 0)
    fel_record_set_number (daemon, "pid", pid);
  if (since_sec > 0)
    fel_record_set_number (daemon, FEL_KEY_SINCE, since_sec);
  if (by != NULL)
    fel_record_set_text (daemon, "started-by", by);
}

static void
look_at_version (Look *self, FelRecord *daemon, const char *version)
{
  g_autofree char *what = NULL;

  if (version == NULL)
    return;
  fel_record_set_text (daemon, "version", version);
  if (g_strcmp0 (fel_record_text (daemon, "started-by"), "systemd") != 0 || g_str_equal (version, FEL_VERSION))
    return;
  what = g_strdup_printf ("the daemon still is version %s, this command " FEL_VERSION, version);
  fel_problems_add (self->problems, FEL_EXIT_DONE, what, "systemctl --user restart " FEL_UNIT_SERVICE);
}

static void
look_at_units (Look *self)
{
  static const char *const names[] = { FEL_UNIT_SERVICE, FEL_UNIT_SOCKET };
  g_autoptr (FelRecord) units = fel_record_new ();
  gboolean failed = FALSE;

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *state = fel_neighbours_unit_state (self->neighbours, names[i]);

      if (state != NULL)
        fel_record_set_text (units, names[i], state);
      failed = failed || g_strcmp0 (state, "failed") == 0;
    }
  if (failed)
    fel_problems_add (self->problems, FEL_EXIT_FAILED, "a unit has failed",
                      "systemctl --user status " FEL_UNIT_SERVICE " " FEL_UNIT_SOCKET);
  if (fel_record_size (units) > 0)
    fel_record_set_record (self->health, "units", g_steal_pointer (&units));
}

static void
look_at_keyring (Look *self, const char *state)
{
  pid_t pid = fel_neighbours_owner (self->neighbours, SECRETS_NAME);
  g_autofree char *program = fel_process_name (pid);
  FelRecord *keyring = fel_record_new ();

  if (state != NULL)
    fel_record_set_text (keyring, FEL_KEY_STATE, state);
  if (program != NULL)
    fel_record_set_text (keyring, "program", program);
  if (pid > 0)
    fel_record_set_number (keyring, "pid", pid);
  fel_record_set_record (self->health, "keyring", keyring);
  if (state != NULL)
    fel_problems_judge_keyring (self->problems, state);
}

static void
look_at_backends (Look *self, FelRecord *status)
{
  FelRecord *backends = fel_record_steal_record (status, "backends");

  for (guint i = 0; i < fel_record_size (backends); i++)
    {
      const char *name = fel_record_key (backends, i);
      const FelRecord *backend = fel_record_record (backends, name);

      if (backend != NULL)
        fel_problems_judge_backend (self->problems, name, backend);
    }
  fel_record_set_record (self->health, "backends", backends);
}

static void
look_at_unresolved (Look *self)
{
  g_autoptr (GError) failure = NULL;
  gboolean older;
  GPtrArray *unresolved = fel_unresolved_fetch (self->daemon, self->cli->backend, &older, &failure);

  if (unresolved != NULL)
    fel_record_set_records (self->health, "unresolved", unresolved);
  else if (!older) /* one that still runs after an update is no fault; its version is shown */
    fel_problems_add_failure (self->problems, failure);
}

static void
look_at_way (Look *self)
{
  FelRecord *way = fel_record_new ();
  const char *address;

  fel_record_set_text (way, "kind", self->daemon->is_private ? "socket" : "bus");
  if (sd_bus_get_address (self->daemon->bus, &address) >= 0)
    fel_record_set_text (way, "address", address);
  fel_record_set_record (self->health, "connection", way);
}

static void
look_without_daemon (Look *self, const GError *failure)
{
  FelRecord *daemon = fel_record_new ();

  fel_problems_add_failure (self->problems, failure);
  fel_record_set_flag (daemon, "running", FALSE);
  fel_record_set_record (self->health, "daemon", daemon);
  look_at_units (self);
  look_at_keyring (self, NULL);
}

/* Without accounts and unresolved mints the rest is still worth showing. */
static void
look_with_daemon (Look *self, FelRecord *status, GPtrArray *accounts, const GError *accounts_failure)
{
  const char *version = fel_record_text (status, "version");
  const char *keyring = fel_record_text (status, "keyring-state");
  FelRecord *sandbox = fel_record_steal_record (status, "sandbox");
  gboolean keyring_is_told = keyring != NULL && !g_str_equal (keyring, "unlocked");
  FelRecord *daemon = fel_record_new ();

  if (version != NULL)
    fel_record_set_text (self->health, "version", version);
  if (keyring != NULL)
    fel_record_set_text (self->health, "keyring-state", keyring);
  fel_record_set_flag (daemon, "running", TRUE);
  look_at_process (self, daemon);
  look_at_version (self, daemon, version);
  if (sandbox != NULL) /* an older daemon does not tell */
    fel_record_set_record (self->health, "sandbox", sandbox);
  fel_record_set_record (self->health, "daemon", daemon);
  look_at_units (self);
  look_at_way (self);
  look_at_keyring (self, keyring);
  look_at_backends (self, status);
  if (accounts != NULL)
    fel_record_set_records (self->health, "accounts", g_ptr_array_ref (accounts));
  else if (accounts_failure->code != FEL_EXIT_KEYRING || !keyring_is_told)
    fel_problems_add_failure (self->problems, accounts_failure);
  look_at_unresolved (self);
}

FelRecord *
fel_health_look (const FelCli *cli, gint64 now_sec, GError **error)
{
  g_auto (Look) self = { .cli = cli, .now_sec = now_sec };
  g_autoptr (FelRecord) status = NULL;
  g_autoptr (GPtrArray) accounts = NULL;
  g_autoptr (GError) failure = NULL;
  g_autoptr (GError) accounts_failure = NULL;

  self.health = fel_record_new ();
  self.problems = fel_problems_new ();
  self.daemon = fel_daemon_open (&failure);
  self.neighbours = fel_neighbours_new (self.daemon != NULL && !self.daemon->is_private ? self.daemon->bus : NULL);
  /* First, because it makes the daemon look at the tokens. */
  if (self.daemon != NULL)
    accounts = fel_status_fetch_accounts (self.daemon, cli->backend, &accounts_failure);
  if (self.daemon != NULL)
    status = fel_status_fetch (self.daemon, &failure);
  if (status != NULL && cli->backend != NULL && !fel_status_keep_backend (status, cli->backend, error))
    return NULL;
  if (status != NULL)
    look_with_daemon (&self, status, accounts, accounts_failure);
  else
    look_without_daemon (&self, failure);
  fel_record_set_records (self.health, "problems", g_steal_pointer (&self.problems));
  return g_steal_pointer (&self.health);
}
