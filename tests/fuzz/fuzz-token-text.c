/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The input is the text that the keyring has for a sign-in. What can be read is good, and is the same when it was
 * written and read once more. */
#include "fuzz.h"

#include "error.h"
#include "token.h"

static void
check_good (const FelToken *token)
{
  g_assert_true (fel_token_check_access (token->access, NULL));
  g_assert_true (token->refresh == NULL || fel_token_check_refresh (token->refresh, NULL));
  g_assert_cmpint (token->expires_sec, >=, 0);
  g_assert_cmpint (token->renewed_sec, >=, 0);
  for (char **workspace = token->workspaces; *workspace != NULL; workspace++)
    g_assert_true (g_utf8_validate (*workspace, -1, NULL));
}

static void
check_round_trip (const FelToken *token)
{
  g_autoptr (FelSecret) text = fel_token_serialize (token);
  g_autoptr (GError) error = NULL;
  g_autoptr (FelToken) back = fel_token_parse (text, token->account, &error);
  g_autoptr (FelSecret) again = NULL;

  g_assert_no_error (error);
  g_assert_true (fel_secret_equal (back->access, token->access));
  g_assert_true ((back->refresh == NULL) == (token->refresh == NULL));
  g_assert_true (token->refresh == NULL || fel_secret_equal (back->refresh, token->refresh));
  g_assert_cmpint (back->expires_sec, ==, token->expires_sec);
  g_assert_cmpint (back->renewed_sec, ==, token->renewed_sec);
  g_assert_cmpstr (back->account, ==, token->account);
  g_assert_cmpstrv (back->workspaces, token->workspaces);
  again = fel_token_serialize (back);
  g_assert_true (fel_secret_equal (again, text));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (FelSecret) text = fel_secret_new ((const char *) data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (FelToken) token = fel_token_parse (text, "me@example.com", &error);

  if (token == NULL)
    {
      g_assert_error (error, FEL_ERROR, FEL_ERROR_SIGN_IN_REQUIRED);
      return 0;
    }
  g_assert_no_error (error);
  check_good (token);
  check_round_trip (token);
  return 0;
}
