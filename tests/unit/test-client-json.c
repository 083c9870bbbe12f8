/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json.h"

#include "record.h"

static const struct
{
  const char *bytes;
  gsize len;
  const char *json;
} strings[] = {
  { "", 0, "\"\"" },
  { "plain", 5, "\"plain\"" },
  { "\"\\/", 3, "\"\\\"\\\\/\"" },
  { "\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\"" },
  { "\0\001\037\177", 4, "\"\\u0000\\u0001\\u001f\\u007f\"" },
  { "\303\251\360\237\220\252", 6, "\"\303\251\360\237\220\252\"" },
  { "a\303", 2, "\"a\357\277\275\"" },                               /* cut off */
  { "\351z", 2, "\"\357\277\275z\"" },                               /* Latin-1 */
  { "\300\200", 2, "\"\357\277\275\357\277\275\"" },                 /* overlong */
  { "\355\240\200", 3, "\"\357\277\275\357\277\275\357\277\275\"" }, /* a surrogate */
};

static void
test_strings (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (strings); i++)
    {
      g_autoptr (FelBuffer) out = fel_buffer_new ();

      fel_json_bytes (out, strings[i].bytes, strings[i].len);
      g_assert_cmpstr (out->bytes, ==, strings[i].json);
    }
}

/* Commas must not be fooled by what strings end in. */
static void
test_commas (void)
{
  g_autoptr (FelBuffer) out = fel_buffer_new ();

  fel_json_open (out, '{');
  fel_json_key (out, "a[");
  fel_json_string (out, "{");
  fel_json_key (out, "b:");
  fel_json_open (out, '[');
  fel_json_number (out, G_MININT64);
  fel_json_bool (out, TRUE);
  fel_json_bool (out, FALSE);
  fel_json_open (out, '[');
  fel_json_close (out, ']');
  fel_json_open (out, '{');
  fel_json_close (out, '}');
  fel_json_close (out, ']');
  fel_json_close (out, '}');
  g_assert_cmpstr (out->bytes, ==, "{\"a[\":\"{\",\"b:\":[-9223372036854775808,true,false,[],{}]}");
}

static void
test_record (void)
{
  g_autoptr (FelRecord) record = fel_record_new ();
  g_autoptr (FelBuffer) out = fel_buffer_new ();
  GPtrArray *records = g_ptr_array_new_with_free_func ((GDestroyNotify) fel_record_free);
  gint64 number = 7;

  g_ptr_array_add (records, fel_record_new ());
  fel_record_set_text (record, "t", "x");
  fel_record_set_number (record, "n", 5);
  fel_record_set_flag (record, "f", TRUE);
  fel_record_set_list (record, "l", g_strsplit ("p,q", ",", -1));
  fel_record_set_record (record, "r", fel_record_new ());
  fel_record_set_records (record, "s", records);
  fel_record_to_json (record, out);
  g_assert_cmpstr (out->bytes, ==, "{\"t\":\"x\",\"n\":5,\"f\":true,\"l\":[\"p\",\"q\"],\"r\":{},\"s\":[{}]}");

  g_assert_cmpstr (fel_record_text (record, "t"), ==, "x");
  g_assert_null (fel_record_text (record, "n")); /* another type is as good as absent */
  g_assert_false (fel_record_number (record, "t", &number));
  g_assert_cmpint (number, ==, 7);
  g_assert_true (fel_record_number (record, "n", &number));
  g_assert_cmpint (number, ==, 5);
  g_assert_false (fel_record_flag (record, "absent"));
  g_assert_false (fel_record_has (record, "absent"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/client/json/strings", test_strings);
  g_test_add_func ("/client/json/commas", test_commas);
  g_test_add_func ("/client/json/record", test_record);
  return g_test_run ();
}
