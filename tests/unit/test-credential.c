/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "credential.h"

#include <string.h>

#include "felucca-names.h"

#define STORED 1700000000

/* Two UUIDv7 of one second; the second one is younger by a millisecond. */
#define ID_OLD "018bcfe5-6800-7000-8000-000000000001"
#define ID_NEW "018bcfe5-6801-7000-8000-000000000000"

static FelCredential *
full_credential (void)
{
  FelCredential *self = fel_credential_new ();

  self->id = g_strdup (ID_OLD);
  self->backend = g_strdup ("nile");
  self->workspace = g_strdup ("acme");
  self->database = g_strdup ("gr\303\266\303\237e");
  self->database_id = g_strdup ("018b");
  self->tenant_id = g_strdup ("t-1");
  self->user = g_strdup ("u");
  self->host = g_strdup ("db.example");
  self->ssl_mode = g_strdup ("require");
  self->protocol = g_strdup ("mysql");
  self->label = g_strdup ("mine");
  self->region = g_strdup ("eu");
  self->status = g_strdup ("READY");
  self->api_host = g_strdup ("api.example");
  self->request_id = g_strdup ("r-1");
  self->database_name = g_strdup ("orders_v2");
  self->intent = g_strdup ("i-1");
  self->port = 5432;
  self->created_sec = STORED - 1;
  self->not_after_sec = STORED + 3600;
  self->stored_sec = STORED;
  self->internal = FEL_FALSE;
  self->sharded = FEL_TRUE;
  self->expandable = FEL_FALSE;
  self->renewable = FEL_TRUE;
  self->login_only = FEL_FALSE;
  return self;
}

static const char *const attributes_of_full[][2] = {
  { "xdg:schema", "org.felucca.Credential" },
  { "id", ID_OLD },
  { "backend", "nile" },
  { "workspace", "acme" },
  { "database", "gr\303\266\303\237e" },
  { "database-id", "018b" },
  { "tenant-id", "t-1" },
  { "user", "u" },
  { "host", "db.example" },
  { "port", "5432" },
  { "ssl-mode", "require" },
  { "protocol", "mysql" },
  { "created", "1699999999" },
  { "not-after", "1700003600" },
  { "internal", "false" },
  { "request-id", "r-1" },
  { "database-name", "orders_v2" },
  { "renewable", "true" },
  { "login-only", "false" },
};

static void
test_to_attributes (void)
{
  g_autoptr (FelCredential) full = full_credential ();
  g_autoptr (FelCredential) empty = fel_credential_new ();
  g_autoptr (GHashTable) attributes = fel_credential_to_attributes (full);
  g_autoptr (GHashTable) none = fel_credential_to_attributes (empty);

  for (gsize i = 0; i < G_N_ELEMENTS (attributes_of_full); i++)
    g_assert_cmpstr (g_hash_table_lookup (attributes, attributes_of_full[i][0]), ==, attributes_of_full[i][1]);
  g_assert_cmpuint (g_hash_table_size (attributes), ==, G_N_ELEMENTS (attributes_of_full));
  g_assert_cmpuint (g_hash_table_size (none), ==, 1); /* the schema */
}

static void
test_round_trip (void)
{
  g_autoptr (FelCredential) full = full_credential ();
  g_autoptr (GHashTable) attributes = fel_credential_to_attributes (full);
  g_autoptr (FelCredential) back = fel_credential_from_attributes (attributes, "mine", STORED);

  g_assert_nonnull (back);
  g_assert_null (back->region);
  g_assert_null (back->status);
  g_assert_null (back->api_host);
  g_assert_null (back->intent);
  g_assert_cmpint (back->sharded, ==, FEL_UNSET);
  g_assert_cmpint (back->expandable, ==, FEL_UNSET);
  g_assert_cmpint (back->stored_sec, ==, STORED);
  g_assert_false (fel_credential_equal (full, back));
  g_clear_pointer (&full->region, g_free);
  g_clear_pointer (&full->status, g_free);
  g_clear_pointer (&full->api_host, g_free);
  g_clear_pointer (&full->intent, g_free);
  full->sharded = full->expandable = FEL_UNSET;
  g_assert_true (fel_credential_equal (full, back));
}

typedef struct
{
  const char *key;
  const char *value; /* NULL: taken away */
  const char *then;  /* what the attribute is after reading and writing; NULL: absent */
  gboolean refused;  /* the item is not ours any more */
} GarbageCase;

static const GarbageCase garbage[] = {
  { "xdg:schema", NULL, NULL, TRUE },
  { "xdg:schema", "org.felucca.Token", NULL, TRUE },
  { "xdg:schema", "", NULL, TRUE },
  { "id", NULL, NULL, TRUE },
  { "id", "", NULL, TRUE },
  { "id", "\xff", NULL, TRUE },
  { "backend", NULL, NULL, TRUE },
  { "workspace", NULL, NULL, TRUE },
  { "database", NULL, NULL, TRUE },
  { "database", "\xc0\x80", NULL, TRUE },
  { "user", "", NULL, FALSE },
  { "user", "\xff\xfe", NULL, FALSE },
  { "user", NULL, NULL, FALSE },
  { "port", "0", NULL, FALSE },
  { "port", "1", "1", FALSE },
  { "port", "65535", "65535", FALSE },
  { "port", "65536", NULL, FALSE },
  { "port", "-1", NULL, FALSE },
  { "port", "54x", NULL, FALSE },
  { "port", " 5432", NULL, FALSE },
  { "port", "0x10", NULL, FALSE },
  { "created", "99999999999999999999", NULL, FALSE },
  { "created", "9223372036854775807", "9223372036854775807", FALSE },
  { "created", "-5", NULL, FALSE },
  { "not-after", "soon", NULL, FALSE },
  { "not-after", "1e9", NULL, FALSE },
  { "internal", "true", "true", FALSE },
  { "internal", "TRUE", NULL, FALSE },
  { "internal", "1", NULL, FALSE },
  { "region", "eu", NULL, FALSE }, /* of the mint alone */
  { "sharded", "true", NULL, FALSE },
  { "label", "l", NULL, FALSE },
  { "stored", "1", NULL, FALSE },
  { "password", "p", NULL, FALSE },
};

static void
test_garbage (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (garbage); i++)
    {
      g_autoptr (FelCredential) full = full_credential ();
      g_autoptr (GHashTable) attributes = fel_credential_to_attributes (full);
      g_autoptr (FelCredential) read = NULL;
      g_autoptr (GHashTable) written = NULL;

      g_test_message ("%zu: %s", i, garbage[i].key);
      if (garbage[i].value != NULL)
        g_hash_table_insert (attributes, (char *) garbage[i].key, g_strdup (garbage[i].value));
      else
        g_hash_table_remove (attributes, garbage[i].key);
      read = fel_credential_from_attributes (attributes, NULL, STORED);
      g_assert_cmpint (read == NULL, ==, garbage[i].refused);
      if (read == NULL)
        continue;
      written = fel_credential_to_attributes (read);
      g_assert_cmpstr (g_hash_table_lookup (written, garbage[i].key), ==, garbage[i].then);
      g_assert_null (read->label);
      g_assert_null (read->region);
    }
}

static const struct
{
  const char *given;
  const char *label;
} labels[] = {
  { NULL, NULL },
  { "", NULL },
  { "mine", "mine" },
  { "m\xffne", "m\357\277\275ne" },
};

static void
test_labels (void)
{
  g_autoptr (FelCredential) full = full_credential ();
  g_autoptr (GHashTable) attributes = fel_credential_to_attributes (full);
  g_autofree char *chosen_for = fel_credential_default_label (full);

  g_assert_cmpstr (chosen_for, ==, "acme/gr\303\266\303\237e (nile)");
  for (gsize i = 0; i < G_N_ELEMENTS (labels); i++)
    {
      g_autoptr (FelCredential) read = fel_credential_from_attributes (attributes, labels[i].given, STORED);

      g_assert_cmpstr (read->label, ==, labels[i].label);
    }
}

/* Changing any one field of the table must be seen, and must not reach the original through a copy. */
static void
test_equal_sees_every_field (void)
{
  gsize n;
  const FelCredentialField *fields = fel_credential_fields (&n);

  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (FelCredential) full = full_credential ();
      g_autoptr (FelCredential) copy = fel_credential_copy (full);
      gpointer at = G_STRUCT_MEMBER_P (copy, fields[i].offset);

      g_assert_true (fel_credential_equal (full, copy));
      if (fields[i].type == 's')
        {
          g_assert_true (*(char **) at != G_STRUCT_MEMBER (char *, full, fields[i].offset));
          g_clear_pointer ((char **) at, g_free);
        }
      else if (fields[i].type == 'b')
        *(FelTristate *) at = FEL_UNSET;
      else
        *(gint64 *) at = 0;
      g_test_message ("%s", fields[i].key);
      g_assert_false (fel_credential_equal (full, copy));
    }
}

static void
test_getters (void)
{
  gsize n;
  const FelCredentialField *fields = fel_credential_fields (&n);
  g_autoptr (FelCredential) full = full_credential ();
  g_autoptr (FelCredential) empty = fel_credential_new ();

  for (gsize i = 0; i < n; i++)
    {
      const char *string = "untouched";
      gint64 number = 7;
      gboolean boolean = 7;

      switch (fields[i].type)
        {
        case 's':
          g_assert_false (fel_credential_get_string (empty, &fields[i], &string));
          g_assert_cmpstr (string, ==, "untouched");
          g_assert_true (fel_credential_get_string (full, &fields[i], &string));
          g_assert_true (string == G_STRUCT_MEMBER (char *, full, fields[i].offset));
          break;
        case 'b':
          g_assert_false (fel_credential_get_boolean (empty, &fields[i], &boolean));
          g_assert_cmpint (boolean, ==, 7);
          g_assert_true (fel_credential_get_boolean (full, &fields[i], &boolean));
          g_assert_cmpint (boolean, ==, G_STRUCT_MEMBER (FelTristate, full, fields[i].offset) == FEL_TRUE);
          break;
        default:
          g_assert_false (fel_credential_get_number (empty, &fields[i], &number));
          g_assert_cmpint (number, ==, 7);
          g_assert_true (fel_credential_get_number (full, &fields[i], &number));
          g_assert_cmpint (number, ==, G_STRUCT_MEMBER (gint64, full, fields[i].offset));
        }
    }
}

static const struct
{
  gint64 a_created, a_stored;
  const char *a_id;
  gint64 b_created, b_stored;
  const char *b_id;
  int order; /* -1: a is newer and comes first */
} ages[] = {
  { 20, 0, ID_OLD, 10, 0, ID_NEW, -1 },        { 10, 0, ID_NEW, 20, 0, ID_OLD, 1 },
  { 10, 99, ID_OLD, 10, 1, ID_NEW, 1 }, /* the same second: the id settles it */
  { 10, 1, ID_NEW, 10, 99, ID_OLD, -1 },       { 10, 0, ID_OLD, 10, 0, ID_OLD, 0 },
  { 0, 20, ID_OLD, 10, 99, ID_NEW, -1 }, /* not told by the provider: when it was stored */
  { 0, 10, ID_OLD, 10, 0, ID_NEW, 1 },         { 0, 0, ID_OLD, 0, 0, ID_NEW, 1 },
  { G_MAXINT64, 0, ID_OLD, 1, 0, ID_NEW, -1 },
};

static void
test_compare_age_within_a_second (void)
{
  static const struct
  {
    gint64 a_end, b_end;
    int order;
  } ends[] = { { 0, 0, -1 },   { 0, 90, -1 }, { 90, 0, 1 },   { 0, G_MAXINT64, -1 },
               { 91, 90, -1 }, { 90, 91, 1 }, { 90, 90, -1 }, { 1, G_MAXINT64, 1 } };

  for (gsize i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      g_autoptr (FelCredential) a = fel_credential_new ();
      g_autoptr (FelCredential) b = fel_credential_new ();

      a->id = g_strdup (ID_NEW);
      b->id = g_strdup (ID_OLD);
      a->created_sec = b->created_sec = 10;
      a->not_after_sec = ends[i].a_end;
      b->not_after_sec = ends[i].b_end;
      g_test_message ("%zu", i);
      g_assert_cmpint (CLAMP (fel_credential_compare_age (a, b), -1, 1), ==, ends[i].order);
      g_assert_cmpint (CLAMP (fel_credential_compare_age (b, a), -1, 1), ==, -ends[i].order);
      b->created_sec = 11; /* then the ends say nothing */
      g_assert_cmpint (fel_credential_compare_age (a, b), >, 0);
    }
}

static void
test_compare_age (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (ages); i++)
    {
      g_autoptr (FelCredential) a = fel_credential_new ();
      g_autoptr (FelCredential) b = fel_credential_new ();

      a->id = g_strdup (ages[i].a_id);
      a->created_sec = ages[i].a_created;
      a->stored_sec = ages[i].a_stored;
      b->id = g_strdup (ages[i].b_id);
      b->created_sec = ages[i].b_created;
      b->stored_sec = ages[i].b_stored;
      g_test_message ("%zu", i);
      g_assert_cmpint (CLAMP (fel_credential_compare_age (a, b), -1, 1), ==, ages[i].order);
      g_assert_cmpint (CLAMP (fel_credential_compare_age (b, a), -1, 1), ==, -ages[i].order);
    }
}

static const struct
{
  gint64 not_after_sec;
  gint64 now_sec;
  gboolean expired;
} ends[] = {
  { 0, G_MAXINT64, FALSE }, { 100, 99, FALSE }, { 100, 100, TRUE }, { 100, 101, TRUE }, { G_MAXINT64, 100, FALSE },
};

static void
test_expired (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      g_autoptr (FelCredential) self = fel_credential_new ();

      self->not_after_sec = ends[i].not_after_sec;
      g_assert_cmpint (fel_credential_is_expired (self, ends[i].now_sec), ==, ends[i].expired);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/credential/to-attributes", test_to_attributes);
  g_test_add_func ("/credential/round-trip", test_round_trip);
  g_test_add_func ("/credential/garbage", test_garbage);
  g_test_add_func ("/credential/labels", test_labels);
  g_test_add_func ("/credential/equal-sees-every-field", test_equal_sees_every_field);
  g_test_add_func ("/credential/getters", test_getters);
  g_test_add_func ("/credential/compare-age", test_compare_age);
  g_test_add_func ("/credential/compare-age/within-a-second", test_compare_age_within_a_second);
  g_test_add_func ("/credential/expired", test_expired);
  return g_test_run ();
}
