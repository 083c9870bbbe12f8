/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Kills a process when it is about to make its K-th system call from now on, counted over all its threads. strace
 * counts for each thread alone, so it could not go through them one by one. `kill_at PID K` prints "ready" when every
 * thread is watched, and the number of calls that it has seen at the end; K = 0 only counts. It ends with the process,
 * or lets go of it when its standard input ends. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS_MAX 4096
#define OPTIONS (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE)

static volatile sig_atomic_t over;
static char inside[1 << 22]; /* by thread id: between the entry and the exit of a call */

static void
on_signal (int number)
{
  (void) number;
  over = 1;
  alarm (1); /* again: this one may have come just before waitpid */
}

static int
seize (pid_t thread)
{
  return ptrace (PTRACE_SEIZE, thread, NULL, (void *) (long) OPTIONS) == 0
         && ptrace (PTRACE_INTERRUPT, thread, NULL, NULL) == 0;
}

/* Threads may come while we look: until a round finds no new one. */
static int
seize_all (pid_t pid)
{
  static pid_t known[THREADS_MAX];
  size_t n = 0, before;
  char path[64];

  snprintf (path, sizeof path, "/proc/%d/task", (int) pid);
  do
    {
      DIR *folder = opendir (path);

      before = n;
      if (folder == NULL)
        return 0;
      for (struct dirent *entry; (entry = readdir (folder)) != NULL && n < THREADS_MAX;)
        {
          pid_t thread = (pid_t) atoi (entry->d_name);
          size_t i = 0;

          while (i < n && known[i] != thread)
            i++;
          if (thread > 0 && i == n && seize (thread))
            known[n++] = thread;
        }
      closedir (folder);
    }
  while (n != before);
  return n > 0;
}

/* One stop of one thread; returns 1 when it is the entry of a call. */
static int
take_stop (pid_t thread, int status)
{
  int event = status >> 16, number = WSTOPSIG (status), entry = 0;
  long deliver = 0;

  if (number == (SIGTRAP | 0x80))
    {
      inside[thread] = !inside[thread];
      entry = inside[thread];
    }
  else if (event == 0)
    deliver = number;
  else if (event == PTRACE_EVENT_STOP && (number == SIGSTOP || number == SIGTSTP))
    {
      ptrace (PTRACE_LISTEN, thread, NULL, NULL);
      return 0;
    }
  if (!entry)
    ptrace (PTRACE_SYSCALL, thread, NULL, (void *) deliver);
  return entry;
}

int
main (int argc, char **argv)
{
  const struct sigaction action = { .sa_handler = on_signal }; /* no SA_RESTART: waitpid shall end */
  pid_t pid = argc == 3 ? (pid_t) atoi (argv[1]) : 0;
  long at = argc == 3 ? atol (argv[2]) : 0, seen = 0;

  if (pid <= 0 || at < 0)
    return 2;
  sigaction (SIGTERM, &action, NULL);
  sigaction (SIGALRM, &action, NULL);
  if (!seize_all (pid))
    {
      perror ("kill_at");
      return 1;
    }
  puts ("ready");
  fflush (stdout);
  while (!over)
    {
      int status;
      pid_t thread = waitpid (-1, &status, __WALL);

      if (thread < 0 && errno != EINTR)
        break;
      if (thread < 0 || !WIFSTOPPED (status) || !take_stop (thread, status))
        continue;
      if (++seen == at)
        kill (pid, SIGKILL);
      else
        ptrace (PTRACE_SYSCALL, thread, NULL, NULL);
    }
  printf ("%ld\n", seen);
  return 0;
}
