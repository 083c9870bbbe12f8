/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <felucca-backend.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The file of one account. `check` has made sure of the setting. */
static const char *
account_path (const FelVerbRequest *request, const char *id, char path[4096])
{
  snprintf (path, 4096, "%s/%s", request->settings[0].value, id);
  return path;
}

static bool
example_check (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  return request->n_settings == 1 || host->fail (out, FEL_FAILURE_INVALID, "folder: it is missing");
}

static bool
example_mint (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  unsigned char bytes[16];
  char path[4096], password[sizeof bytes * 2 + 1], text[512];
  int fd = -1, len;
  bool ok;

  if (getentropy (bytes, sizeof bytes) == 0)
    fd = open (account_path (request, request->intent, path), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) /* certain: there is no account */
    return host->fail (out, FEL_FAILURE_UNREACHABLE, "no account can be made in the folder");
  host->set_string (out, FEL_FIELD_ID, request->intent); /* first: from here on the host can undo it */
  for (size_t i = 0; i < sizeof bytes; i++)
    snprintf (password + 2 * i, 3, "%02x", bytes[i]);
  host->set_secret (out, password, sizeof password - 1);
  len = snprintf (text, sizeof text, "%s\n%s\n", request->database, password);
  ok = write (fd, text, (size_t) len) == len && fsync (fd) == 0;
  close (fd);
  explicit_bzero (bytes, sizeof bytes);
  explicit_bzero (password, sizeof password);
  explicit_bzero (text, sizeof text);
  return ok || host->fail (out, FEL_FAILURE_PROVIDER | FEL_FAILURE_MAYBE_MINTED, "the account may be half written");
}

static bool
example_revoke (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  char path[4096];

  return unlink (account_path (request, request->id, path)) == 0 || errno == ENOENT
         || host->fail (out, FEL_FAILURE_UNREACHABLE, "the account cannot be ended");
}

static bool
example_list (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  char path[4096], database[512];
  DIR *folder = opendir (request->settings[0].value);

  if (folder == NULL)
    return host->fail (out, FEL_FAILURE_UNREACHABLE, "the folder of accounts cannot be read");
  for (struct dirent *entry = readdir (folder); entry != NULL; entry = readdir (folder))
    {
      FILE *file = fopen (account_path (request, entry->d_name, path), "re");

      if (file != NULL && fscanf (file, "%511[^\n]", database) == 1 && strcmp (database, request->database) == 0)
        {
          host->set_string (out, FEL_FIELD_ID, entry->d_name);
          host->set_string (out, FEL_FIELD_INTENT, entry->d_name);
          host->next (out);
        }
      if (file != NULL)
        fclose (file);
    }
  closedir (folder);
  return true;
}

static const char *const settings[] = { "folder", NULL };

const FelBackend felucca_backend_v1 = {
  .struct_size = sizeof (FelBackend),
  .name = "example",
  .description = "Accounts as files in a folder",
  .version = "1",
  .flags = FEL_BACKEND_NO_WORKSPACES | FEL_BACKEND_LISTS_INTENTS,
  .settings = settings,
  .check = example_check,
  .mint = example_mint,
  .revoke = example_revoke,
  .list = example_list,
};
