/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib-unix.h>
#include <systemd/sd-daemon.h>

#include "felucca-config.h"

#include "bus.h"
#include "file-rules.h"
#include "locked-memory.h"
#include "log.h"
#include "mirror.h"
#include "probe.h"

#define NAME_DELAY_MAX_MSEC 3000 /* a keyring that does not answer delays us no longer */

typedef struct
{
  GMainLoop *loop;
  FelBroker *broker;
  FelBus *bus;
  int status;
} Daemon;

/* Variables that could make a library load foreign code, write secrets to a file or print them. */
static const char *const dangerous_variables[] = {
  "GIO_EXTRA_MODULES", "GIO_MODULE_DIR",        "SSLKEYLOGFILE",    "SOUP_DEBUG",   "GNUTLS_DEBUG_LEVEL",
  "SECRET_BACKEND",    "SECRET_FILE_TEST_PATH", "G_MESSAGES_DEBUG", "G_DBUS_DEBUG", NULL,
};

/* Freed memory is overwritten; without the thread cache, which keeps it as it is. One heap for all threads, so that those
 * that have left leave nothing behind. */
static const char tunables[] = FEL_TUNABLES;

/* The C library reads its variables at start alone, so a daemon that was not started by its unit starts itself anew.
 * LD_BIND_NOW: the look-up of a function at its first call would save the registers, and what they hold, on
 * the stack. */
static void
make_library_forget (char **argv)
{
  const char *set = g_getenv ("GLIBC_TUNABLES");
  g_autofree char *both = NULL;
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL); /* by its name, which becomes ours */

  if (set != NULL && strstr (set, tunables) != NULL && g_getenv ("LD_BIND_NOW") != NULL)
    return;
  both = set != NULL && *set != '\0' ? g_strconcat (set, ":", tunables, NULL) : g_strdup (tunables);
  if (program != NULL && g_setenv ("GLIBC_TUNABLES", both, TRUE) && g_setenv ("LD_BIND_NOW", "1", TRUE))
    execv (program, argv);
  fel_log_problem ("freed memory will not be overwritten: the daemon cannot start itself anew");
}

/* sd-bus and GDBus, which is libsecret's, must mean the same bus, and none must be launched. */
static void
name_session_bus (void)
{
  const char *runtime = g_getenv ("XDG_RUNTIME_DIR");
  g_autofree char *path = runtime != NULL ? g_dbus_address_escape_value (runtime) : NULL;
  g_autofree char *address = path != NULL ? g_strdup_printf ("unix:path=%s/bus", path) : NULL;

  if (address != NULL)
    g_setenv ("DBUS_SESSION_BUS_ADDRESS", address, FALSE);
}

static void
lock_down (void)
{
  const struct rlimit no_core = { 0, 0 };

  prctl (PR_SET_DUMPABLE, 0);
  setrlimit (RLIMIT_CORE, &no_core);
  umask (0077);
  signal (SIGPIPE, SIG_IGN);
  for (const char *const *name = dangerous_variables; *name != NULL; name++)
    g_unsetenv (*name);
  name_session_bus ();
  g_setenv ("GIO_USE_NETWORK_MONITOR", "netlink", TRUE); /* the other one waits for an answer of the system bus */
}

static void
on_ended (int status, gpointer user_data)
{
  Daemon *self = user_data;

  self->status = status;
  g_main_loop_quit (self->loop);
}

static gboolean
on_terminate (gpointer user_data)
{
  Daemon *self = user_data;

  fel_bus_leave (self->bus);
  return G_SOURCE_CONTINUE;
}

static void
on_catalog_ready (gpointer user_data)
{
  fel_bus_acquire_name (((Daemon *) user_data)->bus);
}

static void
on_keyring_opened (gpointer result, const GError *error, gpointer user_data)
{
  fel_mirror_when_ready (((Daemon *) user_data)->broker->mirror, on_catalog_ready, user_data);
}

static gboolean
on_name_delay_over (gpointer user_data)
{
  fel_bus_acquire_name (((Daemon *) user_data)->bus);
  return G_SOURCE_REMOVE;
}

static gboolean
on_watchdog (gpointer user_data)
{
  sd_notify (0, "WATCHDOG=1");
  return G_SOURCE_CONTINUE;
}

static void
start_watchdog (void)
{
  guint64 usec = 0;

  if (sd_watchdog_enabled (0, &usec) > 0 && usec >= 2000)
    g_timeout_add ((guint) MIN (usec / 2000, G_MAXUINT), on_watchdog, NULL);
}

/* The program in its other roles; FALSE: it is to be the daemon. */
static gboolean
run_as_told (int argc, char **argv, gboolean *ret_require_sandbox, int *ret_status)
{
  g_autofree char *probe = NULL, *check = NULL;
  gboolean version = FALSE;
  const GOptionEntry entries[] = {
    { "probe-backend", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME, &probe, NULL, NULL },
    { "check-backend", 0, 0, G_OPTION_ARG_FILENAME, &check, "Say whether a file is a usable backend", "FILE" },
    { "require-sandbox", 0, 0, G_OPTION_ARG_NONE, ret_require_sandbox, "Do not run without the whole sandbox", NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &version, "Print the version", NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;

  g_option_context_set_summary (context, "Mints, keeps and hands out database credentials on the session bus.");
  g_option_context_add_main_entries (context, entries, NULL);
  *ret_status = EXIT_SUCCESS;
  if (!g_option_context_parse (context, &argc, &argv, &error) || argc > 1)
    {
      g_printerr ("felucca-daemon: %s\n", error != NULL ? error->message : "it takes no arguments");
      *ret_status = 2;
    }
  else if (probe != NULL)
    *ret_status = fel_probe_main (probe);
  else if (check != NULL)
    *ret_status = fel_probe_check_main (check);
  else if (version)
    g_print ("felucca-daemon %s\n", FEL_VERSION);
  else
    return FALSE;
  return TRUE;
}

/* Before there are threads: the rules for files hold for those that are made later. */
static FelSandbox *
confine (const FelConfig *config, const char *state, FelFileMarks **ret_marks)
{
  g_autoptr (GError) memory_error = NULL;
  g_autoptr (GError) files_error = NULL;

  fel_locked_memory_open (&memory_error);
  if (memory_error != NULL)
    fel_log_problem (memory_error->message);
  *ret_marks = fel_file_rules_enforce (config, state, fel_registry_default_directory (), &files_error);
  return fel_sandbox_look (files_error, memory_error == NULL);
}

static FelBroker *
build_broker (void)
{
  g_auto (GStrv) files = fel_config_default_files ();
  g_autofree char *state = g_build_filename (g_get_user_state_dir (), "felucca", NULL);
  FelConfig *config = fel_config_load ((const char *const *) files);
  FelFileMarks *marks;
  FelSandbox *sandbox = confine (config, state, &marks);
  FelBroker *broker = fel_broker_new (config, fel_registry_default_directory (), state);

  for (guint i = 0; i < config->problems->len; i++)
    fel_log_problem (config->problems->pdata[i]);
  fel_sandbox_log (sandbox);
  broker->sandbox = sandbox;
  broker->file_marks = marks;
  return broker;
}

static gboolean
is_confined (const FelBroker *broker)
{
  g_autofree char *missing = fel_sandbox_missing (broker->sandbox);

  if (missing != NULL)
    fel_log_problem ("--require-sandbox: the daemon does not run with an incomplete sandbox");
  return missing == NULL;
}

static int
run (gboolean require_sandbox)
{
  Daemon self = { .status = EXIT_SUCCESS };
  g_autoptr (GError) error = NULL;
  guint signal_ids[3];

  self.broker = build_broker ();
  if (require_sandbox && !is_confined (self.broker))
    {
      fel_broker_free (self.broker);
      return EX_CONFIG;
    }
  self.bus = fel_bus_new (self.broker, on_ended, &self, &error);
  if (self.bus == NULL)
    {
      fel_log_problem (error->message);
      fel_broker_free (self.broker);
      return EXIT_FAILURE;
    }
  self.loop = g_main_loop_new (NULL, FALSE);
  signal_ids[0] = g_unix_signal_add (SIGTERM, on_terminate, &self);
  signal_ids[1] = g_unix_signal_add (SIGINT, on_terminate, &self);
  signal_ids[2] = g_unix_signal_add (SIGHUP, on_terminate, &self); /* the next call starts one that reads the files */
  start_watchdog ();
  g_timeout_add (NAME_DELAY_MAX_MSEC, on_name_delay_over, &self);
  fel_keyring_open (self.broker->keyring, on_keyring_opened, &self);
  g_main_loop_run (self.loop);

  for (gsize i = 0; i < G_N_ELEMENTS (signal_ids); i++)
    g_source_remove (signal_ids[i]);
  fel_bus_free (self.bus);
  while (fel_work_is_busy (self.broker->work)
         || fel_keyring_holds_secrets (self.broker->keyring)) /* each has its deadline */
    g_main_context_iteration (NULL, TRUE);
  if (fel_work_is_stuck (self.broker->work))
    _exit (self.status); /* a backend that does not come back still uses what would be freed */
  fel_broker_free (self.broker);
  g_main_loop_unref (self.loop);
  g_assert (!FEL_DEVELOPER || fel_locked_memory_n_in_use () == 0); /* no leak detector sees into it */
  return self.status;
}

/* Threads of the pools may still be on their way out, and use what exit handlers of libraries (OpenSSL's for one) tear
 * down. The detector of leaks is such a handler, too, and so is what writes the counts of a build with coverage. */
static void G_GNUC_NORETURN
leave (int status)
{
#ifdef __SANITIZE_ADDRESS__
  __lsan_do_leak_check ();
#endif
#if FEL_COVERAGE
  exit (status); /* each backend has a destructor that writes its own */
#endif
  fflush (NULL);
  _exit (status);
}

int
main (int argc, char **argv)
{
  g_autofree char **arguments = g_memdup2 (argv, ((gsize) argc + 1) * sizeof *argv); /* the parser takes them away */
  gboolean require_sandbox = FALSE;
  int status;

  setlocale (LC_ALL, "");
  lock_down ();
  if (run_as_told (argc, argv, &require_sandbox, &status))
    return status;
  make_library_forget (arguments);
  leave (run (require_sandbox));
}
