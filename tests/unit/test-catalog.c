/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "catalog.h"

#define NOW 1700000000

/* What the listener heard, as "+id ~id -id ". */
static void
on_event (FelCatalogEvent event, FelCredential *credential, gpointer user_data)
{
  GString *heard = user_data;

  g_string_append_c (heard, event == FEL_CATALOG_ADDED ? '+' : event == FEL_CATALOG_CHANGED ? '~' : '-');
  g_string_append_printf (heard, "%s ", credential->id);
}

static guint
catalog_size (FelCatalog *catalog)
{
  const FelCatalogQuery everything = { 0 };
  g_autoptr (GPtrArray) found = fel_catalog_select (catalog, &everything);

  return found->len;
}

static void
assert_heard (GString *heard, const char *events)
{
  g_assert_cmpstr (heard->str, ==, events);
  g_string_truncate (heard, 0);
}

typedef struct
{
  const char *id;
  const char *backend;
  const char *workspace;
  const char *database;
  const char *tenant_id;
  FelTristate internal;
  gint64 created_sec;
  gint64 not_after_sec;
  const char *request_id;
} Made;

static FelCredential *
make (const Made *made)
{
  FelCredential *self = fel_credential_new ();

  self->id = g_strdup (made->id);
  self->backend = g_strdup (made->backend != NULL ? made->backend : "nile");
  self->workspace = g_strdup (made->workspace != NULL ? made->workspace : "w");
  self->database = g_strdup (made->database != NULL ? made->database : "d");
  self->tenant_id = g_strdup (made->tenant_id);
  self->internal = made->internal;
  self->created_sec = made->created_sec;
  self->not_after_sec = made->not_after_sec;
  self->request_id = g_strdup (made->request_id);
  return self;
}

static void
put (FelCatalog *catalog, const char *path, const Made *made)
{
  g_autoptr (FelCredential) credential = make (made);

  fel_catalog_put (catalog, path, credential);
}

static void
test_events (void)
{
  g_autoptr (GString) heard = g_string_new (NULL);
  g_autoptr (FelCatalog) catalog = fel_catalog_new (on_event, heard);

  put (catalog, "/1", &(Made){ "a" });
  assert_heard (heard, "+a ");
  put (catalog, "/1", &(Made){ "a" }); /* nothing new */
  assert_heard (heard, "");
  put (catalog, "/1", &(Made){ "a", .created_sec = 5 });
  assert_heard (heard, "~a ");
  put (catalog, "/2", &(Made){ "a" }); /* the same id in another item */
  assert_heard (heard, "+a ");
  g_assert_cmpuint (catalog_size (catalog), ==, 2);
  fel_catalog_remove (catalog, "/3");
  assert_heard (heard, "");
  fel_catalog_remove (catalog, "/1");
  assert_heard (heard, "-a ");
  fel_catalog_remove (catalog, "/1");
  assert_heard (heard, "");
  g_assert_cmpuint (catalog_size (catalog), ==, 1);
  g_assert_null (fel_catalog_at (catalog, "/1"));
  g_assert_cmpstr (fel_catalog_at (catalog, "/2")->path, ==, "/2");
}

static void
test_no_listener (void)
{
  g_autoptr (FelCatalog) catalog = fel_catalog_new (NULL, NULL);

  put (catalog, "/1", &(Made){ "a" });
  put (catalog, "/1", &(Made){ "b" });
  fel_catalog_remove (catalog, "/1");
  g_assert_cmpuint (catalog_size (catalog), ==, 0);
  fel_catalog_free (NULL);
}

/* A changed item is found under what it is now and no longer under what it was. */
static void
test_change_moves_in_every_index (void)
{
  g_autoptr (FelCatalog) catalog = fel_catalog_new (NULL, NULL);
  const FelCatalogQuery was[] = { { .id = "a" }, { .workspace = "w", .database = "d" }, { .request_id = "r" } };
  const FelCatalogQuery is[] = { { .id = "b" }, { .workspace = "v", .database = "e" }, { .request_id = "s" } };

  put (catalog, "/1", &(Made){ "a", .request_id = "r" });
  for (gsize i = 0; i < G_N_ELEMENTS (was); i++)
    g_assert_nonnull (fel_catalog_newest (catalog, &was[i]));
  fel_catalog_at (catalog, "/1")->revoking = TRUE;
  put (catalog, "/1", &(Made){ "b", .workspace = "v", .database = "e", .request_id = "s" });
  for (gsize i = 0; i < G_N_ELEMENTS (was); i++)
    {
      g_assert_null (fel_catalog_newest (catalog, &was[i]));
      g_assert_true (fel_catalog_newest (catalog, &is[i]) == fel_catalog_at (catalog, "/1"));
    }
  g_assert_true (fel_catalog_at (catalog, "/1")->revoking);
  put (catalog, "/1", &(Made){ "a", .request_id = "r" }); /* back again, and in no index twice */
  for (gsize i = 0; i < G_N_ELEMENTS (was); i++)
    {
      g_autoptr (GPtrArray) found = fel_catalog_select (catalog, &was[i]);

      g_assert_cmpuint (found->len, ==, 1);
    }
  fel_catalog_remove (catalog, "/1");
  for (gsize i = 0; i < G_N_ELEMENTS (is); i++)
    {
      g_assert_null (fel_catalog_newest (catalog, &was[i]));
      g_assert_null (fel_catalog_newest (catalog, &is[i]));
    }
}

static void
test_load_generations (void)
{
  g_autoptr (GString) heard = g_string_new (NULL);
  g_autoptr (FelCatalog) catalog = fel_catalog_new (on_event, heard);

  put (catalog, "/1", &(Made){ "a" });
  put (catalog, "/2", &(Made){ "b" });
  fel_catalog_begin_load (catalog);
  put (catalog, "/2", &(Made){ "b" });
  put (catalog, "/3", &(Made){ "c" });
  assert_heard (heard, "+a +b +c "); /* nothing goes before the end */
  fel_catalog_end_load (catalog);
  assert_heard (heard, "-a ");
  put (catalog, "/4", &(Made){ "d" }); /* between two loads */
  fel_catalog_begin_load (catalog);
  put (catalog, "/2", &(Made){ "b", .created_sec = 1 });
  fel_catalog_remove (catalog, "/3");
  put (catalog, "/4", &(Made){ "d" });
  fel_catalog_end_load (catalog);
  assert_heard (heard, "+d ~b -c ");
  fel_catalog_begin_load (catalog);
  fel_catalog_end_load (catalog); /* an empty keyring */
  g_assert_cmpuint (catalog_size (catalog), ==, 0);
}

/* A load that did not come to its end and was begun again. */
static void
test_load_begun_twice (void)
{
  g_autoptr (GString) heard = g_string_new (NULL);
  g_autoptr (FelCatalog) catalog = fel_catalog_new (on_event, heard);

  fel_catalog_begin_load (catalog);
  put (catalog, "/1", &(Made){ "a" });
  fel_catalog_begin_load (catalog);
  put (catalog, "/2", &(Made){ "b" });
  fel_catalog_end_load (catalog);
  assert_heard (heard, "+a +b -a ");
}

static const Made shelf[] = {
  { "a1", .created_sec = NOW - 10, .request_id = "r1" },
  { "a2", .created_sec = NOW - 10 }, /* the same second, a younger id */
  { "a3", .created_sec = NOW - 20, .internal = FEL_FALSE },
  { "t1", .created_sec = NOW - 1, .tenant_id = "t" },
  { "t2", .created_sec = NOW, .tenant_id = "u" },
  { "i1", .created_sec = NOW - 1, .internal = FEL_TRUE },
  { "i2", .created_sec = NOW - 1, .internal = FEL_TRUE, .tenant_id = "t" },
  { "e1", .database = "ends", .created_sec = NOW - 5, .not_after_sec = NOW + 30 },
  { "e2", .database = "ends", .created_sec = NOW - 9, .not_after_sec = NOW + 31 },
  { "e3", .database = "ends", .created_sec = NOW - 99 },
  { "o1", .backend = "other", .created_sec = NOW - 30 },
  { "a1", .backend = "other", .workspace = "x", .created_sec = NOW - 40, .request_id = "r1" },
};

static const struct
{
  FelCatalogQuery query;
  const char *ids; /* newest first */
} queries[] = {
  { { .workspace = "w", .database = "d", .exact = TRUE }, "a2 a1 a3 o1 " },
  { { .backend = "nile", .workspace = "w", .database = "d", .exact = TRUE }, "a2 a1 a3 " },
  { { .workspace = "w", .database = "d", .tenant_id = "t", .exact = TRUE }, "t1 " },
  { { .workspace = "w", .database = "d", .tenant_id = "v", .exact = TRUE }, "" },
  { { .workspace = "w", .database = "d", .exact = TRUE, .internal = TRUE }, "i1 " },
  { { .workspace = "w", .database = "d", .tenant_id = "t", .exact = TRUE, .internal = TRUE }, "i2 " },
  { { .workspace = "w", .database = "d", .tenant_id = "t" }, "t1 i2 " },
  { { .workspace = "w", .database = "d", .internal = TRUE }, "t2 t1 i2 i1 a2 a1 a3 o1 " }, /* of exact ones alone */
  { { .workspace = "w", .database = "D" }, "" },
  { { .workspace = "w\nd", .database = "" }, "" },
  { { .database = "ends" }, "e1 e2 e3 " },
  { { .database = "ends", .usable_until_sec = NOW + 29 }, "e1 e2 e3 " },
  { { .database = "ends", .usable_until_sec = NOW + 30 }, "e2 e3 " },
  { { .workspace = "w", .database = "ends", .usable_until_sec = NOW + 31 }, "e3 " },
  { { .ends = TRUE }, "e1 e2 " },
  { { .workspace = "w", .database = "d", .ends = TRUE }, "" },
  { { .id = "a1" }, "a1 a1 " },
  { { .id = "a1", .backend = "other" }, "a1 " },
  { { .id = "a1", .backend = "third" }, "" },
  { { .id = "a1", .database = "ends" }, "" },
  { { .id = "" }, "" },
  { { .request_id = "r1" }, "a1 a1 " },
  { { .request_id = "r1", .workspace = "x" }, "a1 " },
  { { .request_id = "r2" }, "" },
  { { .backend = "other" }, "o1 a1 " },
  { { .workspace = "x" }, "a1 " },
};

static FelCatalog *
stocked_catalog (void)
{
  FelCatalog *catalog = fel_catalog_new (NULL, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (shelf); i++)
    {
      g_autofree char *path = g_strdup_printf ("/%zu", i);

      put (catalog, path, &shelf[i]);
    }
  return catalog;
}

static char *
ids_of (FelCatalog *catalog, const FelCatalogQuery *query)
{
  g_autoptr (GPtrArray) found = fel_catalog_select (catalog, query);
  GString *ids = g_string_new (NULL);

  for (guint i = 0; i < found->len; i++)
    g_string_append_printf (ids, "%s ", ((FelCatalogEntry *) found->pdata[i])->credential->id);
  g_assert_true (fel_catalog_newest (catalog, query) == (found->len > 0 ? found->pdata[0] : NULL));
  return g_string_free (ids, FALSE);
}

static void
test_queries (void)
{
  g_autoptr (FelCatalog) catalog = stocked_catalog ();
  g_autoptr (GPtrArray) all = fel_catalog_select (catalog, &(FelCatalogQuery){ 0 });

  g_assert_cmpuint (all->len, ==, G_N_ELEMENTS (shelf));
  for (gsize i = 0; i < G_N_ELEMENTS (queries); i++)
    {
      g_autofree char *ids = ids_of (catalog, &queries[i].query);

      g_test_message ("%zu", i);
      g_assert_cmpstr (ids, ==, queries[i].ids);
    }
}

static void
test_revoking_hides (void)
{
  g_autoptr (FelCatalog) catalog = stocked_catalog ();
  const FelCatalogQuery usable
      = { .workspace = "w", .database = "d", .backend = "nile", .exact = TRUE, .usable_until_sec = NOW };
  const FelCatalogQuery any = { .workspace = "w", .database = "d", .backend = "nile", .exact = TRUE };
  g_autofree char *shown = NULL;
  g_autofree char *listed = NULL;

  fel_catalog_newest (catalog, &usable)->revoking = TRUE;
  shown = ids_of (catalog, &usable);
  listed = ids_of (catalog, &any);
  g_assert_cmpstr (shown, ==, "a1 a3 ");
  g_assert_cmpstr (listed, ==, "a2 a1 a3 ");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/catalog/events", test_events);
  g_test_add_func ("/catalog/no-listener", test_no_listener);
  g_test_add_func ("/catalog/change-moves-in-every-index", test_change_moves_in_every_index);
  g_test_add_func ("/catalog/load-generations", test_load_generations);
  g_test_add_func ("/catalog/load-begun-twice", test_load_begun_twice);
  g_test_add_func ("/catalog/queries", test_queries);
  g_test_add_func ("/catalog/revoking-hides", test_revoking_hides);
  return g_test_run ();
}
