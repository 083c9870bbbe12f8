/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "table.h"

#include "felucca-names.h"
#include "view.h"

typedef struct TableCase
{
  gboolean colour;
  guint width;
  const char *text;
} TableCase;

static const TableCase cases[] = {
  { FALSE, 0,
    "ID   STATE    LABEL\n"
    "1    active   short\n"
    "222  expired  a label that is rather long\n"
    "3    \345\257\277\n" },
  { FALSE, 30,
    "ID   STATE    LABEL\n"
    "1    active   short\n"
    "222  expired  a label that is\342\200\246\n"
    "3    \345\257\277\n" },
  { FALSE, 10, /* too narrow to be nice */
    "ID   STATE    LABEL\n"
    "1    active   short\n"
    "222  expired  a label tha\342\200\246\n"
    "3    \345\257\277\n" },
  { TRUE, 0,
    "\033[1mID\033[0m   \033[1mSTATE\033[0m    \033[1mLABEL\033[0m\n"
    "1    \033[32mactive\033[0m   short\n"
    "222  \033[31mexpired\033[0m  a label that is rather long\n"
    "3    \345\257\277\n" },
};

static void
test_render (void)
{
  g_autoptr (FelTable) table = fel_table_new (4);

  fel_table_set_headings (table, (const char *[]){ "ID", "STATE", "TENANT", "LABEL" });
  fel_table_add (table, (const char *[]){ "1", "active", NULL, "short" });
  fel_table_add (table, (const char *[]){ "222", "expired", "", "a label that is rather long" });
  fel_table_add (table, (const char *[]){ "3", "\345\257\277", NULL, NULL });
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (FelBuffer) out = fel_buffer_new ();

      fel_table_render (table, cases[i].colour, cases[i].width, out);
      g_assert_cmpstr (out->bytes, ==, cases[i].text);
    }
}

static void
test_empty (void)
{
  g_autoptr (FelTable) table = fel_table_new (2);
  g_autoptr (FelBuffer) out = fel_buffer_new ();

  fel_table_set_headings (table, (const char *[]){ "A", "B" });
  fel_table_render (table, FALSE, 0, out);
  g_assert_cmpstr (out->bytes, ==, "");
}

static void
test_list (void)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) fel_record_free);
  g_autoptr (FelTable) table = NULL;
  g_autoptr (FelBuffer) out = fel_buffer_new ();
  FelRecord *stored = fel_record_new ();
  FelRecord *foreign = fel_record_new ();

  fel_record_set_text (stored, FEL_KEY_ID, "id-1");
  fel_record_set_text (stored, FEL_KEY_WORKSPACE, "acme");
  fel_record_set_text (stored, FEL_KEY_DATABASE, "orders");
  fel_record_set_text (stored, FEL_KEY_BACKEND, "nile");
  fel_record_set_text (stored, FEL_KEY_STATE, "active");
  fel_record_set_text (stored, FEL_KEY_LABEL, "acme/orders (nile)");
  fel_record_set_number (stored, FEL_KEY_CREATED, 1000);
  fel_record_set_flag (stored, FEL_KEY_STORED, TRUE);
  g_ptr_array_add (list, stored);
  fel_record_set_text (foreign, FEL_KEY_ID, "id-2\033");
  fel_record_set_text (foreign, FEL_KEY_WORKSPACE, "acme");
  fel_record_set_text (foreign, FEL_KEY_DATABASE, "orders");
  fel_record_set_flag (foreign, FEL_KEY_STORED, FALSE);
  g_ptr_array_add (list, foreign);

  table = fel_view_credentials (list, 1180);
  fel_table_render (table, FALSE, 0, out);
  g_assert_cmpstr (out->bytes, ==,
                   "ID     DATABASE     BACKEND  STATE       CREATED\n"
                   "id-1   acme/orders  nile     active      3 min ago\n"
                   "id-2\357\277\275  acme/orders           not stored\n");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/client/table/render", test_render);
  g_test_add_func ("/client/table/empty", test_empty);
  g_test_add_func ("/client/table/list", test_list);
  return g_test_run ();
}
