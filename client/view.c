/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view.h"

#include "felucca-names.h"
#include "listing.h"
#include "unresolved.h"
#include "when.h"

typedef char *(*ViewFunc) (const FelRecord *record, const char *key, gint64 now_sec);

typedef struct ViewLine
{
  const char *heading;
  const char *key;
  ViewFunc view;
} ViewLine;

static char *
view_text (const FelRecord *record, const char *key, gint64 now_sec)
{
  return g_strdup (fel_record_text (record, key));
}

static char *
view_number (const FelRecord *record, const char *key, gint64 now_sec)
{
  gint64 number;

  return fel_record_number (record, key, &number) ? g_strdup_printf ("%" G_GINT64_FORMAT, number) : NULL;
}

char *
fel_view_when (const FelRecord *record, const char *key, gint64 now_sec)
{
  gint64 then_sec;

  return fel_record_number (record, key, &then_sec) ? fel_when_say (then_sec, now_sec) : NULL;
}

/* Whoever waits for the end has to know that a session outlives it. */
static char *
view_end (const FelRecord *record, const char *key, gint64 now_sec)
{
  g_autofree char *end = fel_view_when (record, key, now_sec);

  if (end == NULL || !fel_record_flag (record, FEL_KEY_LOGIN_ONLY))
    return g_steal_pointer (&end);
  return g_strdup_printf ("%s, enforced at log-in only", end);
}

static char *
view_yes (const FelRecord *record, const char *key, gint64 now_sec)
{
  return fel_record_flag (record, key) ? g_strdup ("yes") : NULL;
}

static const ViewLine credential_lines[] = {
  { "id", FEL_KEY_ID, view_text },
  { "workspace", FEL_KEY_WORKSPACE, view_text },
  { "database", FEL_KEY_DATABASE, view_text },
  { "database-name", FEL_KEY_DATABASE_NAME, view_text },
  { "backend", FEL_KEY_BACKEND, view_text },
  { "label", FEL_KEY_LABEL, view_text },
  { "state", FEL_KEY_STATE, view_text },
  { "user", FEL_KEY_USER, view_text },
  { "host", FEL_KEY_HOST, view_text },
  { "port", FEL_KEY_PORT, view_number },
  { "ssl-mode", FEL_KEY_SSL_MODE, view_text },
  { "protocol", FEL_KEY_PROTOCOL, view_text },
  { "tenant", FEL_KEY_TENANT_ID, view_text },
  { "internal", FEL_KEY_INTERNAL, view_yes },
  { "created", FEL_KEY_CREATED, fel_view_when },
  { "expires", FEL_KEY_NOT_AFTER, view_end },
  { "renewable", FEL_KEY_RENEWABLE, view_yes },
  { "region", FEL_KEY_REGION, view_text },
  { "status", FEL_KEY_STATUS, view_text },
};

FelTable *
fel_view_credential (const FelRecord *credential, gint64 now_sec)
{
  FelTable *table = fel_table_new (2);

  for (gsize i = 0; i < G_N_ELEMENTS (credential_lines); i++)
    {
      const ViewLine *line = &credential_lines[i];
      g_autofree char *text = line->view (credential, line->key, now_sec);

      if (text != NULL)
        fel_table_add (table, (const char *[]){ line->heading, text });
    }
  return table;
}

/* "not stored" tells more than the state of something that we do not hold. */
static const char *
listed_state (const FelRecord *credential)
{
  return fel_listing_is_foreign (credential) ? "not stored" : fel_record_text (credential, FEL_KEY_STATE);
}

/* The label that everybody gets would only say the row once more. */
static const char *
own_label (const FelRecord *credential, const char *target)
{
  const char *label = fel_record_text (credential, FEL_KEY_LABEL);
  const char *backend = fel_record_text (credential, FEL_KEY_BACKEND);
  g_autofree char *usual = g_strdup_printf ("%s (%s)", target, backend != NULL ? backend : "");

  return g_strcmp0 (label, usual) != 0 ? label : NULL;
}

static char *
view_target (const FelRecord *record)
{
  const char *workspace = fel_record_text (record, FEL_KEY_WORKSPACE);
  const char *database = fel_record_text (record, FEL_KEY_DATABASE);

  return g_strdup_printf ("%s/%s", workspace ? workspace : "", database ? database : "");
}

static void
add_credential (FelTable *table, const FelRecord *credential, gint64 now_sec)
{
  g_autofree char *target = view_target (credential);
  g_autofree char *created = fel_view_when (credential, FEL_KEY_CREATED, now_sec);
  g_autofree char *expires = fel_view_when (credential, FEL_KEY_NOT_AFTER, now_sec);

  fel_table_add (table, (const char *[]){ fel_record_text (credential, FEL_KEY_ID), target,
                                          fel_record_text (credential, FEL_KEY_BACKEND), listed_state (credential),
                                          created, expires, fel_record_text (credential, FEL_KEY_TENANT_ID),
                                          own_label (credential, target) });
}

FelTable *
fel_view_credentials (GPtrArray *credentials, gint64 now_sec)
{
  FelTable *table = fel_table_new (8);

  fel_table_set_headings (table, (const char *[]){ "ID", "DATABASE", "BACKEND", "STATE", "CREATED", "EXPIRES", "TENANT",
                                                   "LABEL" });
  for (guint i = 0; i < credentials->len; i++)
    add_credential (table, g_ptr_array_index (credentials, i), now_sec);
  return table;
}

/* What decides is long, and a person needs all of it: below the row, where nothing is cut. */
static void
add_unresolved (FelTable *table, const FelRecord *mint, gint64 now_sec)
{
  g_autofree char *target = view_target (mint);
  g_autofree char *since = fel_view_when (mint, FEL_KEY_SINCE, now_sec);
  g_autofree char *internal = view_yes (mint, FEL_KEY_INTERNAL, now_sec);
  g_autofree char *provider = fel_unresolved_say (mint);
  const char *detail = fel_record_text (mint, FEL_KEY_DETAIL);
  g_autofree char *last_try = detail != NULL ? g_strdup_printf ("last try: %s", detail) : NULL;

  fel_table_add (table,
                 (const char *[]){ fel_record_text (mint, FEL_KEY_INTENT), target,
                                   fel_record_text (mint, FEL_KEY_BACKEND), fel_record_text (mint, FEL_KEY_STATE),
                                   since, fel_record_text (mint, FEL_KEY_TENANT_ID), internal });
  if (provider != NULL)
    fel_table_add_note (table, provider);
  if (last_try != NULL)
    fel_table_add_note (table, last_try);
}

FelTable *
fel_view_unresolved (GPtrArray *unresolved, gint64 now_sec)
{
  FelTable *table = fel_table_new (7);

  fel_table_set_headings (table,
                          (const char *[]){ "INTENT", "DATABASE", "BACKEND", "STATE", "SINCE", "TENANT", "INTERNAL" });
  for (guint i = 0; i < unresolved->len; i++)
    add_unresolved (table, g_ptr_array_index (unresolved, i), now_sec);
  return table;
}

FelTable *
fel_view_backends (const FelRecord *backends)
{
  FelTable *table = fel_table_new (7);

  fel_table_set_headings (table,
                          (const char *[]){ "BACKEND", "MODULE", "VERSION", "STATE", "CAN", "DESCRIPTION", "DETAIL" });
  for (guint i = 0; i < fel_record_size (backends); i++)
    {
      const char *name = fel_record_key (backends, i);
      const FelRecord *backend = fel_record_record (backends, name);
      char **capabilities = backend != NULL ? fel_record_list (backend, "capabilities") : NULL;
      g_autofree char *can = capabilities != NULL ? g_strjoinv (",", capabilities) : NULL;

      if (backend != NULL)
        fel_table_add (table, (const char *[]){
                                  name, fel_record_text (backend, "module"), fel_record_text (backend, "version"),
                                  fel_record_text (backend, "state"), can, fel_record_text (backend, "description"),
                                  fel_record_text (backend, "detail") });
    }
  return table;
}
