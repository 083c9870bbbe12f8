/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tries what a directive of felucca.service forbids, and prints what came of it: the name of an errno, "ok", or a value.
 * test_directives.py says what it has to be. No library and no shell between the probe and the kernel.
 *
 *   sandbox-probe PROBE */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LANDLOCK_VERSION (1U << 0)
#define GET_KEYRING_ID 0
#define SESSION_KEYRING -3

static const char *
result (long r)
{
  return r >= 0 ? "ok" : strerrorname_np (errno);
}

/* What a process of its own came to: its errno, or the signal that ended it. */
static const char *
in_child (long (*act) (void))
{
  int status = 0;
  pid_t pid = fork ();

  if (pid == 0)
    _exit (act () >= 0 ? 0 : errno);
  if (pid < 0 || waitpid (pid, &status, 0) != pid)
    return "lost";
  if (WIFSIGNALED (status))
    return sigabbrev_np (WTERMSIG (status));
  return WEXITSTATUS (status) == 0 ? "ok" : strerrorname_np (WEXITSTATUS (status));
}

static const char *
text_number (unsigned long long number)
{
  static char text[32];

  snprintf (text, sizeof text, "%llu", number);
  return text;
}

static const char *
variable (const char *name)
{
  return getenv (name) != NULL ? getenv (name) : "unset";
}

static const char *
limit (int which)
{
  struct rlimit found = { 0, 0 };

  getrlimit (which, &found);
  return text_number (found.rlim_max);
}

/* The unit as it is */

static const char *
probe_tunables (void)
{
  return variable ("GLIBC_TUNABLES");
}

static const char *
probe_bind_now (void)
{
  return variable ("LD_BIND_NOW");
}

static const char *
probe_core (void)
{
  return limit (RLIMIT_CORE);
}

static const char *
probe_memlock (void)
{
  return limit (RLIMIT_MEMLOCK);
}

static const char *
probe_umask (void)
{
  return text_number (umask (0));
}

static const char *
probe_keyring (void)
{
  return text_number ((unsigned int) syscall (SYS_keyctl, GET_KEYRING_ID, SESSION_KEYRING, 0));
}

/* A copy of this program that belongs to root and has setuid. */
static const char *
probe_setuid (void)
{
  char *const argv[] = { (char *) variable ("SETUID_PROBE"), (char *) "euid", NULL };

  fflush (stdout);
  execv (argv[0], argv);
  return strerrorname_np (errno);
}

static const char *
probe_euid (void)
{
  return text_number (geteuid ());
}

#ifdef __x86_64__
/* getpid() of another architecture: 32-bit x86. */
static long
call_foreign (void)
{
  long r = 20;

  __asm__ volatile("int $0x80" : "+a"(r) : : "memory");
  if (r < 0)
    errno = (int) -r;
  return r;
}
#else
static long
call_foreign (void)
{
  errno = ENOSYS;
  return -1;
}
#endif

static const char *
probe_foreign_call (void)
{
  return in_child (call_foreign);
}

static long
trace_me (void)
{
  return ptrace (PTRACE_TRACEME, 0, NULL, NULL);
}

static const char *
probe_ptrace (void)
{
  return in_child (trace_me);
}

static const char *
probe_landlock (void)
{
  return result (syscall (SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_VERSION));
}

static const char *
probe_executable_memory (void)
{
  return result (mmap (NULL, 1, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED ? 0 : -1);
}

static const char *
probe_personality (void)
{
  return result (personality (ADDR_NO_RANDOMIZE));
}

static const char *
probe_namespace (void)
{
  return result (unshare (CLONE_NEWUSER));
}

static const char *
probe_packet_socket (void)
{
  return result (socket (AF_PACKET, SOCK_RAW, 0));
}

/* No policy has this priority: see probe_clock(). */
static const char *
probe_realtime (void)
{
  const struct sched_param parameters = { .sched_priority = 1000 };

  return result (sched_setscheduler (0, SCHED_RR, &parameters));
}

static const char *
probe_suid_file (void)
{
  char path[] = "/tmp/felucca-probe-XXXXXX";
  int fd = mkstemp (path);
  int r = fd >= 0 ? fchmod (fd, 04700) : -1;
  int errnum = errno;

  unlink (path);
  errno = errnum;
  return result (r);
}

/* The drop-in */

static const char *
read_first (const char *path)
{
  static char text[256];
  FILE *file = fopen (path, "r");

  if (file == NULL)
    return strerrorname_np (errno);
  if (fgets (text, sizeof text, file) == NULL)
    text[0] = '\0';
  fclose (file);
  text[strcspn (text, "\n")] = '\0';
  return text;
}

static const char *
probe_uid_map (void)
{
  const char *map = read_first ("/proc/self/uid_map");

  return strstr (map, "4294967295") != NULL ? "all" : "own";
}

static const char *
mode_of (const char *path)
{
  struct statvfs found;

  if (statvfs (path, &found) < 0)
    return strerrorname_np (errno);
  return found.f_flag & ST_RDONLY ? "read-only" : "writable";
}

static const char *
probe_system (void)
{
  return mode_of ("/var");
}

static const char *
probe_tunable (void)
{
  return mode_of ("/proc/sys");
}

static const char *
probe_cgroups (void)
{
  return mode_of (variable ("CGROUPS"));
}

static const char *
reach (const char *path)
{
  return result (access (path, R_OK));
}

static const char *
probe_home (void)
{
  return reach (variable ("PRECIOUS"));
}

static const char *
probe_own_state (void)
{
  char path[4096];
  int fd;

  snprintf (path, sizeof path, "%s/.local/state/felucca/probe", variable ("HOME"));
  fd = open (path, O_WRONLY | O_CREAT, 0600);
  unlink (path);
  return result (fd);
}

static const char *
probe_configuration (void)
{
  char path[4096];

  snprintf (path, sizeof path, "%s/.config/felucca/felucca.conf", variable ("HOME"));
  return reach (path);
}

static const char *
probe_tmp (void)
{
  return reach (variable ("IN_TMP"));
}

static const char *
probe_devices (void)
{
  return result (access ("/dev/kmsg", F_OK));
}

static const char *
probe_kernel_log (void)
{
  struct stat st;

  return stat ("/proc/kmsg", &st) < 0 ? strerrorname_np (errno) : text_number (st.st_mode & 07777);
}

static const char *
probe_modules (void)
{
  return result (open ("/usr/lib/modules", O_RDONLY | O_DIRECTORY));
}

static const char *
probe_processes (void)
{
  return reach ("/proc/1/stat");
}

static const char *
probe_capabilities (void)
{
  static char line[256];
  FILE *file = fopen ("/proc/self/status", "r");

  while (file != NULL && fgets (line, sizeof line, file) != NULL)
    if (strncmp (line, "CapBnd:\t", 8) == 0)
      {
        line[strcspn (line, "\n")] = '\0';
        return strspn (line + 8, "0") == strlen (line + 8) ? "none" : "some";
      }
  return "lost";
}

static const char *
name_space (const char *kind, const char *managers)
{
  char path[64], link[64] = "";

  snprintf (path, sizeof path, "/proc/self/ns/%s", kind);
  if (readlink (path, link, sizeof link - 1) < 0)
    return strerrorname_np (errno);
  return strcmp (link, managers) == 0 ? "shared" : "own";
}

static const char *
probe_host_name (void)
{
  return name_space ("uts", variable ("UTS"));
}

static const char *
probe_mounts (void)
{
  return name_space ("mnt", variable ("MNT"));
}

/* No clock has this number: a filter does not look at it, the kernel does before it asks for the right. */
static const char *
probe_clock (void)
{
  const struct timespec time = { 0, 0 };

  return result (clock_settime (99, &time));
}

static const char *
probe_nice (void)
{
  return result (setpriority (PRIO_PROCESS, 0, 1));
}

static const struct
{
  const char *name;
  const char *(*run) (void);
} probes[] = {
  { "tunables", probe_tunables },
  { "bind-now", probe_bind_now },
  { "core", probe_core },
  { "memlock", probe_memlock },
  { "umask", probe_umask },
  { "keyring", probe_keyring },
  { "setuid", probe_setuid },
  { "euid", probe_euid },
  { "foreign-call", probe_foreign_call },
  { "ptrace", probe_ptrace },
  { "landlock", probe_landlock },
  { "executable-memory", probe_executable_memory },
  { "personality", probe_personality },
  { "namespace", probe_namespace },
  { "packet-socket", probe_packet_socket },
  { "realtime", probe_realtime },
  { "suid-file", probe_suid_file },
  { "uid-map", probe_uid_map },
  { "system", probe_system },
  { "tunable", probe_tunable },
  { "cgroups", probe_cgroups },
  { "home", probe_home },
  { "own-state", probe_own_state },
  { "configuration", probe_configuration },
  { "tmp", probe_tmp },
  { "devices", probe_devices },
  { "kernel-log", probe_kernel_log },
  { "modules", probe_modules },
  { "processes", probe_processes },
  { "capabilities", probe_capabilities },
  { "host-name", probe_host_name },
  { "mounts", probe_mounts },
  { "clock", probe_clock },
  { "nice", probe_nice },
};

int
main (int argc, char **argv)
{
  for (size_t i = 0; argc == 2 && i < sizeof probes / sizeof probes[0]; i++)
    if (strcmp (argv[1], probes[i].name) == 0)
      {
        printf ("%s\n", probes[i].run ());
        return EXIT_SUCCESS;
      }
  fprintf (stderr, "there is no such probe\n");
  return EXIT_FAILURE;
}
