/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nile-error.h"

#include <string.h>

#define CODES_OF_THE_SPECIFICATION 41

/* The lines `- name` below the first `enum:` behind `errorCode:`. */
static GPtrArray *
read_codes (void)
{
  GPtrArray *codes = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  const char *list;

  g_assert_nonnull (g_getenv ("NILE_OPENAPI"));
  g_file_get_contents (g_getenv ("NILE_OPENAPI"), &text, NULL, &error);
  g_assert_no_error (error);
  list = strstr (text, " errorCode:\n");
  g_assert_nonnull (list);
  list = strstr (list, " enum:\n");
  g_assert_nonnull (list);
  lines = g_strsplit (list + strlen (" enum:\n"), "\n", -1);
  for (char **line = lines; *line != NULL && g_str_has_prefix (g_strchug (*line), "- "); line++)
    g_ptr_array_add (codes, g_strdup (g_strchomp (*line + 2)));
  return codes;
}

static void
test_codes_of_specification (void)
{
  g_autoptr (GPtrArray) codes = read_codes ();

  for (guint i = 0; i < codes->len; i++)
    {
      g_test_message ("%s", (const char *) codes->pdata[i]);
      g_assert_cmpint (nile_failure_of_code (codes->pdata[i]), >=, FEL_FAILURE_INTERNAL);
      g_assert_cmpint (nile_failure_of_code (codes->pdata[i]), <=, FEL_FAILURE_NO_ANSWER);
    }
  g_assert_cmpstr (codes->pdata[0], ==, "internal_error");
  g_assert_cmpuint (codes->len, ==, CODES_OF_THE_SPECIFICATION);
}

/* Those that somebody decides about. */
static void
test_codes (void)
{
  static const struct
  {
    const char *code;
    FelFailure failure;
  } cases[] = {
    { "internal_error", FEL_FAILURE_PROVIDER },
    { "bad_request", FEL_FAILURE_INVALID },
    { "unsupported_operation", FEL_FAILURE_UNSUPPORTED },
    { "forbidden_operation", FEL_FAILURE_DENIED },
    { "unauthorized_workspace_access", FEL_FAILURE_DENIED },
    { "entity_not_found", FEL_FAILURE_NOT_FOUND },
    { "tenant_not_found", FEL_FAILURE_NOT_FOUND },
    { "duplicate_entity", FEL_FAILURE_CONFLICT },
    { "invalid_credentials", FEL_FAILURE_UNAUTHENTICATED },
    { "credential_creation_failure", FEL_FAILURE_PROVIDER },
    { "credential_propagation_failure", FEL_FAILURE_NO_ANSWER },
    { "threshold_exceeded", FEL_FAILURE_QUOTA },
    { "db_rename_failure", FEL_FAILURE_PROVIDER }, /* seen, not in the specification */
    { "", 0 },
    { "Internal_Error", 0 },
    { "internal_error ", 0 },
    { "internal_erro", 0 },
    { "code_of_next_year", 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_test_message ("'%s'", cases[i].code);
      g_assert_cmpint (nile_failure_of_code (cases[i].code), ==, cases[i].failure);
    }
}

typedef struct
{
  guint status;
  FelFailure failure;
  gboolean proof;
} StatusCase;

/* Proof is what the provider says before it does anything; everything else may come from a gateway in between. */
static const StatusCase status_cases[] = {
  { 100, FEL_FAILURE_PROVIDER, FALSE },       { 300, FEL_FAILURE_PROTOCOL, FALSE },
  { 301, FEL_FAILURE_PROTOCOL, FALSE },       { 302, FEL_FAILURE_PROTOCOL, FALSE },
  { 307, FEL_FAILURE_PROTOCOL, FALSE },       { 308, FEL_FAILURE_PROTOCOL, FALSE },
  { 399, FEL_FAILURE_PROTOCOL, FALSE },       { 400, FEL_FAILURE_INVALID, TRUE },
  { 401, FEL_FAILURE_UNAUTHENTICATED, TRUE }, { 402, FEL_FAILURE_PROVIDER, FALSE },
  { 403, FEL_FAILURE_DENIED, TRUE },          { 404, FEL_FAILURE_NOT_FOUND, TRUE },
  { 405, FEL_FAILURE_UNSUPPORTED, TRUE },     { 408, FEL_FAILURE_NO_ANSWER, FALSE },
  { 409, FEL_FAILURE_CONFLICT, TRUE },        { 415, FEL_FAILURE_PROTOCOL, TRUE },
  { 418, FEL_FAILURE_PROVIDER, FALSE },       { 422, FEL_FAILURE_INVALID, TRUE },
  { 429, FEL_FAILURE_RATE_LIMITED, TRUE },    { 499, FEL_FAILURE_PROVIDER, FALSE },
  { 500, FEL_FAILURE_PROVIDER, FALSE },       { 501, FEL_FAILURE_PROVIDER, FALSE },
  { 502, FEL_FAILURE_PROVIDER, FALSE },       { 503, FEL_FAILURE_PROVIDER, FALSE },
  { 504, FEL_FAILURE_PROVIDER, FALSE },       { 599, FEL_FAILURE_PROVIDER, FALSE },
  { 0, FEL_FAILURE_PROVIDER, FALSE },         { 999, FEL_FAILURE_PROVIDER, FALSE },
};

static void
test_statuses (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (status_cases); i++)
    {
      g_test_message ("%u", status_cases[i].status);
      g_assert_cmpint (nile_failure_of_status (status_cases[i].status), ==, status_cases[i].failure);
      g_assert_cmpint (nile_status_proves_nothing_minted (status_cases[i].status), ==, status_cases[i].proof);
    }
}

static void
test_no_proof_outside_4xx (void)
{
  for (guint status = 0; status < 1000; status++)
    if (status < 400 || status > 499)
      g_assert_false (nile_status_proves_nothing_minted (status));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/nile-error/codes-of-specification", test_codes_of_specification);
  g_test_add_func ("/nile-error/codes", test_codes);
  g_test_add_func ("/nile-error/statuses", test_statuses);
  g_test_add_func ("/nile-error/no-proof-outside-4xx", test_no_proof_outside_4xx);
  return g_test_run ();
}
