/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "exit.h"
#include "felucca-names.h"
#include "listing.h"
#include "say.h"
#include "status.h"
#include "text.h"
#include "unresolved.h"
#include "verbs.h"
#include "view.h"

#define DEADLINE_SEC 1 /* who has pressed the tabulator waits with a frozen line */

typedef struct Names
{
  GHashTable *seen; /* of the words in text, owned */
  GString *text;    /* WORD, tabulator, description, newline */
} Names;

typedef void (*AddFunc) (Names *names, const FelRecord *credential);
typedef gboolean (*FetchFunc) (Names *names, const FelCli *cli, FelDaemon *daemon, GError **error);

typedef struct Kind
{
  const char *name;
  AddFunc add[2];  /* what each stored credential gives */
  FetchFunc fetch; /* NULL: stored credentials are what is asked for */
} Kind;

static void
on_deadline (int signal_number)
{
  _exit (FEL_EXIT_UNREACHABLE);
}

static void
set_deadline (void)
{
  signal (SIGALRM, on_deadline);
  alarm (DEADLINE_SEC);
}

/* A word that a shell would take for an option is of no use there, nor is one that breaks the line. */
static void
add_name (Names *self, const char *name, const char *description)
{
  g_autofree char *shown = fel_text_printable (description != NULL ? description : "");

  if (name == NULL || *name == '\0' || *name == '-' || !fel_text_is_safe (name, strlen (name))
      || strpbrk (name, "\t\r\n") != NULL || !g_hash_table_add (self->seen, g_strdup (name)))
    return;
  g_string_append_printf (self->text, "%s\t%s\n", name, shown);
}

static void
add_target (Names *self, const FelRecord *credential)
{
  const char *workspace = fel_record_text (credential, FEL_KEY_WORKSPACE);
  const char *database = fel_record_text (credential, FEL_KEY_DATABASE);
  g_autofree char *target = g_strdup_printf ("%s/%s", workspace != NULL ? workspace : "", database);

  if (workspace != NULL && database != NULL)
    add_name (self, target, fel_record_text (credential, FEL_KEY_BACKEND));
}

static void
add_workspace (Names *self, const FelRecord *credential)
{
  add_name (self, fel_record_text (credential, FEL_KEY_WORKSPACE), "workspace");
}

static void
add_id (Names *self, const FelRecord *credential)
{
  const char *workspace = fel_record_text (credential, FEL_KEY_WORKSPACE);
  const char *database = fel_record_text (credential, FEL_KEY_DATABASE);
  const char *state = fel_record_text (credential, FEL_KEY_STATE);
  g_autofree char *created = fel_view_when (credential, FEL_KEY_CREATED, fel_say_now_sec ());
  g_autofree char *description = g_strdup_printf ("%s/%s, %s%s%s", workspace != NULL ? workspace : "",
                                                  database != NULL ? database : "", state != NULL ? state : "",
                                                  created != NULL ? ", made " : "", created != NULL ? created : "");

  add_name (self, fel_record_text (credential, FEL_KEY_ID), description);
}

static void
add_tenant (Names *self, const FelRecord *credential)
{
  add_name (self, fel_record_text (credential, FEL_KEY_TENANT_ID), fel_record_text (credential, FEL_KEY_DATABASE));
}

static gboolean
names_stored (Names *self, const Kind *kind, const FelCli *cli, FelDaemon *daemon, GError **error)
{
  g_autoptr (GPtrArray) credentials = fel_listing_fetch (cli, daemon, NULL, error);

  for (gsize k = 0; k < G_N_ELEMENTS (kind->add) && kind->add[k] != NULL; k++)
    for (guint i = 0; credentials != NULL && i < credentials->len; i++)
      kind->add[k](self, g_ptr_array_index (credentials, i));
  return credentials != NULL;
}

static gboolean
names_backends (Names *self, const FelCli *cli, FelDaemon *daemon, GError **error)
{
  g_autoptr (FelRecord) status = fel_status_fetch (daemon, error);
  const FelRecord *backends = status != NULL ? fel_record_record (status, "backends") : NULL;

  for (guint i = 0; backends != NULL && i < fel_record_size (backends); i++)
    {
      const char *name = fel_record_key (backends, i);
      const FelRecord *backend = fel_record_record (backends, name);

      if (backend != NULL)
        add_name (self, name, fel_record_text (backend, "description"));
    }
  return status != NULL;
}

static gboolean
names_intents (Names *self, const FelCli *cli, FelDaemon *daemon, GError **error)
{
  g_autoptr (GPtrArray) unresolved = fel_unresolved_fetch (daemon, cli->backend, NULL, error);

  for (guint i = 0; unresolved != NULL && i < unresolved->len; i++)
    {
      const FelRecord *mint = g_ptr_array_index (unresolved, i);
      const char *intent = fel_record_text (mint, FEL_KEY_INTENT);

      if (intent != NULL && g_uuid_string_is_valid (intent))
        add_name (self, intent, fel_record_text (mint, FEL_KEY_DATABASE));
    }
  return unresolved != NULL;
}

static const Kind kinds[] = {
  { "targets", .add = { add_target } },  { "scopes", .add = { add_workspace, add_target } },
  { "ids", .add = { add_id } },          { "stored", .add = { add_target, add_id } },
  { "tenants", .add = { add_tenant } },  { "backends", .fetch = names_backends },
  { "intents", .fetch = names_intents },
};

static const Kind *
find_kind (const char *name, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (name, kinds[i].name))
      return &kinds[i];
  g_set_error (error, FEL_EXIT, FEL_EXIT_USAGE, "'%s' cannot be completed", name);
  return NULL;
}

static gboolean
run (FelCli *cli, GError **error)
{
  const Kind *kind = find_kind (cli->operands[0], error);
  g_autoptr (FelDaemon) daemon = NULL;
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GString) text = g_string_new (NULL);
  Names names = { .seen = seen, .text = text };

  if (kind == NULL)
    return FALSE;
  set_deadline ();
  daemon = fel_daemon_open (error);
  if (daemon == NULL)
    return FALSE;
  return (kind->fetch != NULL ? kind->fetch (&names, cli, daemon, error)
                              : names_stored (&names, kind, cli, daemon, error))
         && fel_say_text (text->str, error);
}

/* For the shells alone: data/completions. */
const FelVerb fel_verb_complete = {
  .name = "__complete",
  .operands = "KIND",
  .summary = "List names for the completion of a shell",
  .operands_min = 1,
  .operands_max = 1,
  .is_hidden = TRUE,
  .run = run,
};
