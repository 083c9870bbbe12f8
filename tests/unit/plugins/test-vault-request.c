/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vault-request.h"

#include <string.h>

#include "fake-host.h"

/* Settings */

static void
test_settings (void)
{
  static const struct
  {
    const char *key;
    const char *value;
    const char *wrong; /* what its sentence begins with; NULL: it is fine */
  } settings[] = {
    { "url", "https://vault.example.org:8200", NULL },
    { "url", "https://vault.example.org/behind/a/proxy/", NULL },
    { "url", "http://127.0.0.1:8200", NULL },
    { "url", "http://vault.example.org", "url: http: is only" },
    { "url", "https://me@vault.example.org", "url: it has a user name" },
    { "namespace", "team/db", NULL },
    { "namespace", "", "namespace:" },
    { "namespace", "a b", "namespace:" },
    { "namespace", "a\r\nX-Vault-Token: x", "namespace:" },
    { "namespace", "\303\244", "namespace:" },
    { "ca-file", "/", "ca-file:" },
    { "ca-file", "/nowhere", "ca-file:" },
    { "host", "db.example.org", NULL },
    { "host", "::1", NULL },
    { "host", "a,b", "host:" },
    { "host", "/var/run", "host:" },
    { "port", "1", NULL },
    { "port", "65535", NULL },
    { "port", "0", "port:" },
    { "port", "65536", "port:" },
    { "port", "x", "port:" },
    { "ssl-mode", "verify-full", NULL },
    { "ssl-mode", "yes", "ssl-mode:" },
    { "role-type", "static", NULL },
    { "role-type", "dynamic", NULL },
    { "role-type", "", "role-type:" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (settings); i++)
    {
      FelSetting both[] = { { settings[i].key, settings[i].value }, { "url", "https://vault.example.org" } };
      FelVerbRequest request = { .settings = both, .n_settings = G_N_ELEMENTS (both) };
      g_autoptr (FelOut) out = fake_out_new ();

      g_test_message ("%s=%s", settings[i].key, settings[i].value);
      g_assert_true (vault_check_settings (&fake_host, &request, out) == (settings[i].wrong == NULL));
      g_assert_cmpint (out->failure, ==, settings[i].wrong == NULL ? 0 : FEL_FAILURE_INVALID);
      if (settings[i].wrong != NULL)
        g_assert_true (g_str_has_prefix (out->sentence, settings[i].wrong));
    }
}

static void
test_url_is_needed (void)
{
  FelVerbRequest request = { .n_settings = 0 };
  g_autoptr (FelOut) out = fake_out_new ();

  g_assert_false (vault_check_settings (&fake_host, &request, out));
  g_assert_true (g_str_has_prefix (out->sentence, "url: it is missing"));
}

/* Targets */

static void
test_targets (void)
{
  static const struct
  {
    const char *workspace;
    const char *database;
    gboolean ok;
  } targets[] = {
    { "database", "readonly", TRUE },
    { "team/db/prod", "read-only.v2", TRUE },
    { "data base", "r\303\266le", TRUE },
    { "database/", "r", FALSE },
    { "/database", "r", FALSE },
    { "a//b", "r", FALSE },
    { "..", "r", FALSE },
    { "a/../sys", "r", FALSE },
    { "a/./b", "r", FALSE },
    { "a", "b/c", FALSE },
    { "a", "../policies", FALSE },
    { "a", "..", FALSE },
    { "a", ".", FALSE },
    { "a", "", FALSE },
    { "", "r", FALSE },
    { NULL, "r", FALSE },
    { "a", NULL, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (targets); i++)
    {
      FelVerbRequest request = { .workspace = targets[i].workspace, .database = targets[i].database };
      g_autoptr (FelOut) out = fake_out_new ();

      g_test_message ("%s %s", targets[i].workspace, targets[i].database);
      g_assert_cmpint (vault_check_target (&fake_host, &request, out), ==, targets[i].ok);
      g_assert_cmpint (out->failure, ==, targets[i].ok ? 0 : FEL_FAILURE_INVALID);
    }
}

/* What a lease of it would be called must fit the host. */
static void
test_target_lengths (void)
{
  static const struct
  {
    gsize len;
    gboolean ok;
  } lengths[] = { { 96, TRUE }, { 97, FALSE } };

  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autofree char *mount = g_strnfill (lengths[i].len, 'm');
      g_autofree char *role = g_strnfill (97, 'r');
      FelVerbRequest request = { .workspace = mount, .database = role };
      g_autoptr (FelOut) out = fake_out_new ();

      g_assert_cmpint (vault_check_target (&fake_host, &request, out), ==, lengths[i].ok);
    }
}

static void
test_what_vault_has_not (void)
{
  FelVerbRequest tenant = { .workspace = "a", .database = "r", .tenant_id = "t" };
  FelVerbRequest internal = { .workspace = "a", .database = "r", .internal = true };
  g_autoptr (FelOut) out = fake_out_new ();

  g_assert_false (vault_check_target (&fake_host, &tenant, out));
  g_assert_false (vault_check_target (&fake_host, &internal, out));
  g_assert_cmpuint (out->n_fails, ==, 2);
}

/* Ids and bodies */

static void
test_static_ids (void)
{
  static const struct
  {
    const char *id;
    gboolean is_static;
  } ids[] = {
    { "database/static-creds/nightly/018f2f2e-7d3a-7b1c-8d2e-1f2a3b4c5d6e", TRUE },
    { "team/db/static-creds/nightly/018f2f2e-7d3a-7b1c-8d2e-1f2a3b4c5d6e", TRUE },
    { "database/creds/nightly/018f2f2e-7d3a-7b1c-8d2e-1f2a3b4c5d6e", FALSE }, /* a lease of an old Vault */
    { "database/creds/static-creds/018f2f2e-7d3a-7b1c-8d2e-1f2a3b4c5d6e", FALSE },
    { "database/static-creds/creds/readonly/2f6a614c", FALSE },
    { "static-creds/nightly/018f2f2e-7d3a-7b1c-8d2e-1f2a3b4c5d6e", FALSE },
    { "static-creds", FALSE },
    { "", FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (ids); i++)
    g_assert_cmpint (vault_is_static_id (ids[i].id), ==, ids[i].is_static);
}

static void
assert_json (char *json /* (transfer full) */, const char *expected)
{
  g_assert_cmpstr (json, ==, expected);
  g_free (json);
}

static void
test_bodies (void)
{
  assert_json (vault_lease_json ("a/b"), "{\"lease_id\":\"a/b\"}");
  assert_json (vault_lease_json ("\"\\\303\244"), "{\"lease_id\":\"\\\"\\\\\303\244\"}");
  assert_json (vault_renew_json ("a", 0), "{\"lease_id\":\"a\"}");
  assert_json (vault_renew_json ("a", 60), "{\"lease_id\":\"a\",\"increment\":60}");
  assert_json (vault_renew_json ("a", G_MAXUINT64), "{\"lease_id\":\"a\",\"increment\":2147483647}");
  assert_json (vault_revoke_json ("a"), "{\"lease_id\":\"a\",\"sync\":true}");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vault-request/settings", test_settings);
  g_test_add_func ("/vault-request/url-is-needed", test_url_is_needed);
  g_test_add_func ("/vault-request/targets", test_targets);
  g_test_add_func ("/vault-request/target-lengths", test_target_lengths);
  g_test_add_func ("/vault-request/what-vault-has-not", test_what_vault_has_not);
  g_test_add_func ("/vault-request/static-ids", test_static_ids);
  g_test_add_func ("/vault-request/bodies", test_bodies);
  return g_test_run ();
}
