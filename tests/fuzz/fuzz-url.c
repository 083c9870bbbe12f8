/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The first byte says what is tried: a base URL of the configuration as it is, one with a password in it, or what Nile's
 * verbs ask for names (each with a NUL behind it). The verbs are called like the daemon does it, and fel_http_send() is
 * replaced (linked with --wrap): so the URL is seen that would be sent, wherever it is made and checked. */
#include "fuzz.h"

#include <string.h>

#include <libsoup/soup.h>

#include "felucca-backend.h"
#include "http.h"

#define PASSWORD "hunter2hunter2"
#define TOKEN "token"
#define NAME_LEN_MAX 256
#define BASE_DEFAULT "https://global.thenile.dev"
#define CLIENT_ID_DEFAULT "nilecli"

struct FelOut
{
  guint n_fails;
};

typedef struct
{
  const char *method;
  FelVerb verb;
} Operation;

/* What is under way, for the stand-in of fel_http_send(). */
static struct
{
  const FelVerbRequest *request;
  const char *base;
  const char *method;
  guint n_sent;
} expected;

static gboolean
is_loopback_host (const char *name)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (name);

  return address != NULL ? g_inet_address_get_is_loopback (address) : g_ascii_strcasecmp (name, "localhost") == 0;
}

static void
check_base (const char *url)
{
  g_autoptr (GError) error = NULL;
  gboolean fine = fel_http_check_url (url, &error);
  g_autoptr (GUri) uri = NULL;

  g_assert_true (fine == (error == NULL));
  g_assert_true (error == NULL || *error->message != '\0');
  if (!fine)
    return;
  uri = g_uri_parse (url, SOUP_HTTP_URI_FLAGS, NULL);
  g_assert_nonnull (uri);
  g_assert_cmpstr (g_uri_get_host (uri), !=, "");
  g_assert_null (g_uri_get_userinfo (uri));
  g_assert_null (g_uri_get_query (uri));
  g_assert_null (g_uri_get_fragment (uri));
  g_assert_cmpint (g_uri_get_port (uri), !=, 0);
  if (!g_str_equal (g_uri_get_scheme (uri), "https"))
    g_assert_true (g_str_equal (g_uri_get_scheme (uri), "http") && is_loopback_host (g_uri_get_host (uri)));
  /* It goes into a request line. */
  for (const char *p = g_uri_get_path (uri); *p != '\0'; p++)
    g_assert_true (g_ascii_isgraph (*p));
}

/* The sentence goes to the journal. */
static void
check_password (FuzzInput *input)
{
  g_autofree char *before = fuzz_take_string (input);
  g_autofree char *after = fuzz_take_string (input);
  g_autofree char *url = g_strdup_printf ("https://me:%s" PASSWORD "%s@host", before, after);
  g_autoptr (GError) error = NULL;

  if (!fel_http_check_url (url, &error))
    g_assert_null (strstr (error->message, PASSWORD));
}

/* What the daemon takes from a caller, a provider or the keyring; options.c, fel_name_check(). */
static gboolean
is_name (const char *text)
{
  gsize len = strlen (text);

  if (len < 1 || len > NAME_LEN_MAX || !g_utf8_validate (text, -1, NULL))
    return FALSE;
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    if (g_unichar_iscntrl (g_utf8_get_char (p)))
      return FALSE;
  return !g_str_equal (text, ".") && !g_str_equal (text, "..");
}

/* RFC 6749, appendix A.17 */
static gboolean
is_refresh_token (const char *text)
{
  const char *p = text;

  while (g_ascii_isprint (*p))
    p++;
  return p > text && *p == '\0';
}

/* With exactly one slash at the end of its path, as the URLs that begin with it are parsed. */
static GUri *
parse_base (const char *text)
{
  gsize len = strlen (text);
  g_autofree char *url = NULL;

  while (len > 0 && text[len - 1] == '/')
    len--;
  url = g_strdup_printf ("%.*s/", (int) len, text);
  return g_uri_parse (url, SOUP_HTTP_URI_FLAGS, NULL);
}

static void
check_path (GUri *uri, GUri *base, const char *const *names)
{
  const char *path = g_uri_get_path (uri);
  gsize base_len = strlen (g_uri_get_path (base)) - 1; /* without the slash at its end */
  g_auto (GStrv) segments = NULL;

  g_assert_true (strncmp (path, g_uri_get_path (base), base_len) == 0);
  segments = g_strsplit (path + base_len, "/", -1);
  g_assert_cmpuint (g_strv_length (segments), ==, g_strv_length ((char **) names));
  for (guint i = 0; segments[i] != NULL; i++)
    {
      g_autofree char *name = g_uri_unescape_string (segments[i], NULL);

      g_assert_cmpstr (name, ==, names[i]);
    }
}

static void
check_query (const char *query, const FelVerbRequest *request)
{
  g_autoptr (GHashTable) params = NULL;
  g_autoptr (GError) error = NULL;

  if (request->id != NULL || (request->tenant_id == NULL && !request->internal))
    {
      g_assert_null (query);
      return;
    }
  params = g_uri_parse_params (query, -1, "&", G_URI_PARAMS_NONE, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_hash_table_size (params), ==, (request->tenant_id != NULL) + request->internal);
  g_assert_cmpstr (g_hash_table_lookup (params, "tenantId"), ==, request->tenant_id);
  g_assert_cmpstr (g_hash_table_lookup (params, "internal"), ==, request->internal ? "true" : NULL);
}

/* A refresh: the token travels in the body alone. */
static void
check_form (const char *form, const FelVerbRequest *request)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GHashTable) params = g_uri_parse_params (form, -1, "&", G_URI_PARAMS_WWW_FORM, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (g_hash_table_size (params), ==, 3);
  g_assert_cmpstr (g_hash_table_lookup (params, "grant_type"), ==, "refresh_token");
  g_assert_cmpstr (g_hash_table_lookup (params, "client_id"), ==, CLIENT_ID_DEFAULT);
  g_assert_cmpstr (g_hash_table_lookup (params, "refresh_token"), ==, request->refresh_token);
}

FelHttpAnswer *__wrap_fel_http_send (const FelHttpRequest *http);

FelHttpAnswer *
__wrap_fel_http_send (const FelHttpRequest *http)
{
  const FelVerbRequest *request = expected.request;
  const char *const credentials[]
      = { "", "workspaces", request->workspace, "databases", request->database, "credentials", request->id, NULL };
  const char *const refresh[] = { "", "oauth2", "token", NULL };
  g_autoptr (GUri) base = parse_base (expected.base);
  g_autoptr (GError) error = NULL;
  g_autoptr (GUri) uri = g_uri_parse (http->url, SOUP_HTTP_URI_FLAGS, &error); /* as libsoup does it */
  FelHttpAnswer *answer = g_new0 (FelHttpAnswer, 1);

  g_assert_no_error (error);
  expected.n_sent++;
  g_assert_cmpstr (http->method, ==, expected.method);
  g_assert_cmpstr (g_uri_get_scheme (uri), ==, g_uri_get_scheme (base));
  g_assert_cmpstr (g_uri_get_host (uri), ==, g_uri_get_host (base));
  g_assert_cmpint (g_uri_get_port (uri), ==, g_uri_get_port (base));
  g_assert_null (g_uri_get_userinfo (uri));
  g_assert_null (g_uri_get_fragment (uri));
  check_path (uri, base, request->refresh_token != NULL ? refresh : credentials);
  if (request->refresh_token != NULL)
    check_form (http->form, request);
  else
    g_assert_true (http->form == NULL && g_str_equal (http->token, request->token));
  check_query (g_uri_get_query (uri), request);
  answer->status = 404;
  return answer;
}

static bool
on_fail (FelOut *out, int failure, const char *sentence)
{
  out->n_fails++;
  return false;
}

static void
check_verb (const Operation *operation, const FelVerbRequest *request, const char *base)
{
  static const FelHost host = { .struct_size = sizeof (FelHost), .fail = on_fail };
  FelOut out = { 0 };
  bool ok;

  expected.request = request;
  expected.base = base;
  expected.method = operation->method;
  expected.n_sent = 0;
  ok = operation->verb (&host, request, &out);
  g_assert_cmpuint (out.n_fails, ==, ok ? 0 : 1);
  g_assert_cmpuint (expected.n_sent, ==, 1);
}

static void
check_names (FuzzInput *input)
{
  const Operation operations[] = {
    { "POST", felucca_backend_v1.mint },
    { "GET", felucca_backend_v1.list },
    { "DELETE", felucca_backend_v1.revoke },
    { "POST", felucca_backend_v1.refresh },
  };
  guint8 flags = fuzz_take_byte (input);
  const Operation *operation = &operations[flags / 2 % G_N_ELEMENTS (operations)];
  g_autofree char *base = fuzz_take_string (input);
  g_autofree char *workspace = fuzz_take_string (input);
  g_autofree char *database = fuzz_take_string (input);
  g_autofree char *other = fuzz_take_string (input); /* id, tenant or refresh token */
  FelSetting url = { "url", base };
  gboolean has_base = fel_http_check_url (base, NULL);
  FelVerbRequest request = {
    .struct_size = sizeof request,
    .workspace = workspace,
    .database = database,
    .token = TOKEN,
    .settings = &url,
    .n_settings = has_base ? 1 : 0,
  };

  if (!is_name (workspace) || !is_name (database))
    return;
  if (operation->verb == felucca_backend_v1.refresh)
    request.refresh_token = is_refresh_token (other) ? other : "r";
  else if (operation->verb == felucca_backend_v1.revoke)
    request.id = is_name (other) ? other : "1";
  else
    {
      request.internal = (flags & 1) != 0;
      request.tenant_id = is_name (other) ? other : NULL;
    }
  check_verb (operation, &request, has_base ? base : BASE_DEFAULT);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  FuzzInput input = { data, data + size };
  guint8 kind = fuzz_take_byte (&input) % 3;

  if (kind == 0)
    {
      g_autofree char *url = fuzz_take_string (&input);

      check_base (url);
    }
  else if (kind == 1)
    check_password (&input);
  else
    check_names (&input);
  return 0;
}
