/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The backend for Nile (thenile.dev). */
#include <string.h>

#include "felucca-backend.h"

#include "felucca-config.h"

#include "http.h"
#include "jwt.h"
#include "nile-answer.h"
#include "setting.h"

#define URL_DEFAULT "https://global.thenile.dev"
#define AUTHORIZE_URL_DEFAULT "https://console.thenile.dev/authorize"
#define CLIENT_ID_DEFAULT "nilecli"
#define SSL_MODE_DEFAULT "require"

static const char *const settings[] = {
  "url", "authorize-url", "client-id", "ca-file", "ssl-mode", NULL,
};

/* path: begins with a slash. The base may end with one. */
static char *
url_of (const FelVerbRequest *request, const char *path)
{
  const char *base = fel_setting (request, "url", URL_DEFAULT);
  size_t len = strlen (base);

  while (len > 0 && base[len - 1] == '/')
    len--;
  return g_strdup_printf ("%.*s%s", (int) len, base, path);
}

/* Each name is one path segment, whatever is in it (RFC 3986, section 3.3). id: (nullable) */
static char *
credentials_url (const FelVerbRequest *request, const char *id)
{
  g_autofree char *workspace = g_uri_escape_string (request->workspace, NULL, FALSE);
  g_autofree char *database = g_uri_escape_string (request->database, NULL, FALSE);
  g_autofree char *segment = id != NULL ? g_uri_escape_string (id, NULL, FALSE) : NULL;
  g_autofree char *tenant = request->tenant_id != NULL ? g_uri_escape_string (request->tenant_id, NULL, FALSE) : NULL;
  g_autofree char *path = g_strdup_printf ("/workspaces/%s/databases/%s/credentials%s%s", workspace, database,
                                           segment != NULL ? "/" : "", segment != NULL ? segment : "");
  g_autofree char *url = url_of (request, path);
  const char *internal = request->internal ? "internal=true" : "";

  if (id != NULL || (tenant == NULL && !request->internal))
    return g_steal_pointer (&url);
  return g_strdup_printf ("%s?%s%s%s%s", url, tenant != NULL ? "tenantId=" : "", tenant != NULL ? tenant : "",
                          tenant != NULL && request->internal ? "&" : "", internal);
}

static FelHttpAnswer *
exchange (const FelVerbRequest *request, const char *method, const char *url, const char *form)
{
  FelHttpRequest http = {
    .method = method,
    .url = url,
    .token = form == NULL ? request->token : NULL,
    .form = form,
    .ca_file = fel_setting (request, "ca-file", NULL),
    .cancellable = request->cancellable,
  };

  return fel_http_send (&http);
}

static bool
is_success (const FelHttpAnswer *answer)
{
  return answer->outcome == FEL_HTTP_ANSWERED && answer->status >= 200 && answer->status < 300;
}

static bool
nile_check (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  static const char *const urls[] = { "url", "authorize-url" };
  const char *ssl_mode = fel_setting (request, "ssl-mode", SSL_MODE_DEFAULT);
  const char *ca_file = fel_setting (request, "ca-file", NULL);

  for (size_t i = 0; i < G_N_ELEMENTS (urls); i++)
    {
      const char *url = fel_setting (request, urls[i], NULL);
      g_autoptr (GError) error = NULL;
      g_autofree char *sentence = NULL;

      if (url == NULL || fel_http_check_url (url, &error))
        continue;
      sentence = g_strdup_printf ("%s: %s", urls[i], error->message);
      return host->fail (out, FEL_FAILURE_INVALID, sentence);
    }
  if (ca_file != NULL && !g_file_test (ca_file, G_FILE_TEST_IS_REGULAR))
    return host->fail (out, FEL_FAILURE_INVALID, "ca-file: there is no such file");
  if (!g_strv_contains (fel_ssl_modes, ssl_mode))
    return host->fail (out, FEL_FAILURE_INVALID, "ssl-mode: it is none of libpq's modes");
  return true;
}

static bool
nile_mint (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  g_autofree char *url = credentials_url (request, NULL);
  g_autoptr (FelHttpAnswer) answer = exchange (request, "POST", url, NULL);

  if (!is_success (answer))
    return nile_answer_fail (host, out, answer, true, request->token);
  return nile_answer_read_minted (host, out, answer, fel_setting (request, "ssl-mode", SSL_MODE_DEFAULT));
}

static bool
nile_revoke (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  g_autofree char *url = credentials_url (request, request->id);
  g_autoptr (FelHttpAnswer) answer = exchange (request, "DELETE", url, NULL);

  /* 404 is not in the specification; what is not there needs no deleting. */
  if (is_success (answer) || (answer->outcome == FEL_HTTP_ANSWERED && answer->status == 404))
    return true;
  return nile_answer_fail (host, out, answer, false, request->token);
}

static bool
nile_list (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  g_autofree char *url = NULL;
  g_autoptr (FelHttpAnswer) answer = NULL;

  if (request->workspace == NULL || request->database == NULL)
    return host->fail (out, FEL_FAILURE_INVALID, "Nile lists the credentials of one database at a time");
  url = credentials_url (request, NULL);
  answer = exchange (request, "GET", url, NULL);
  if (!is_success (answer))
    return nile_answer_fail (host, out, answer, false, request->token);
  return nile_answer_read_list (host, out, answer);
}

static bool
nile_probe (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  g_autofree char *url = url_of (request, "/developers/me");
  g_autoptr (FelHttpAnswer) answer = exchange (request, "GET", url, NULL);

  if (!is_success (answer))
    return nile_answer_fail (host, out, answer, false, request->token);
  host->set_int64 (out, FEL_FIELD_EXPIRES, fel_jwt_expiry (request->token, g_get_real_time () / G_USEC_PER_SEC));
  return nile_answer_read_account (host, out, answer);
}

/* RFC 6749, section 6 */
static bool
nile_refresh (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  g_autofree char *url = url_of (request, "/oauth2/token");
  g_autofree char *client = g_uri_escape_string (fel_setting (request, "client-id", CLIENT_ID_DEFAULT), NULL, FALSE);
  g_autofree char *refresh = g_uri_escape_string (request->refresh_token, NULL, FALSE);
  g_autofree char *form = g_strdup_printf ("grant_type=refresh_token&client_id=%s&refresh_token=%s", client, refresh);
  gint64 now_sec = g_get_real_time () / G_USEC_PER_SEC;
  g_autoptr (FelHttpAnswer) answer = exchange (request, "POST", url, form);

  explicit_bzero (refresh, strlen (refresh));
  explicit_bzero (form, strlen (form));
  if (!is_success (answer))
    return nile_answer_fail (host, out, answer, false, request->refresh_token);
  return nile_answer_read_token (host, out, answer, now_sec);
}

/* RFC 6749, section 4.1.1, and RFC 7636, section 4.3. Nile's own client asks for no scope. */
static bool
nile_authorize_url (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  g_autofree char *client = g_uri_escape_string (fel_setting (request, "client-id", CLIENT_ID_DEFAULT), NULL, FALSE);
  g_autofree char *redirect = g_uri_escape_string (request->redirect_uri, NULL, FALSE);
  g_autofree char *state = g_uri_escape_string (request->state, NULL, FALSE);
  g_autofree char *challenge = g_uri_escape_string (request->code_challenge, NULL, FALSE);
  g_autofree char *url = g_strdup_printf (
      "%s?response_type=code&client_id=%s&redirect_uri=%s&state=%s&code_challenge=%s&code_challenge_method=S256",
      fel_setting (request, "authorize-url", AUTHORIZE_URL_DEFAULT), client, redirect, state, challenge);

  host->set_string (out, FEL_FIELD_URL, url);
  return true;
}

/* RFC 6749, section 4.1.3, and RFC 7636, section 4.5 */
static bool
nile_exchange (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  g_autofree char *url = url_of (request, "/oauth2/token");
  g_autofree char *client = g_uri_escape_string (fel_setting (request, "client-id", CLIENT_ID_DEFAULT), NULL, FALSE);
  g_autofree char *redirect = g_uri_escape_string (request->redirect_uri, NULL, FALSE);
  g_autofree char *code = g_uri_escape_string (request->code, NULL, FALSE);
  g_autofree char *verifier = g_uri_escape_string (request->code_verifier, NULL, FALSE);
  g_autofree char *form
      = g_strdup_printf ("grant_type=authorization_code&client_id=%s&redirect_uri=%s&code=%s&code_verifier=%s", client,
                         redirect, code, verifier);
  gint64 now_sec = g_get_real_time () / G_USEC_PER_SEC;
  g_autoptr (FelHttpAnswer) answer = exchange (request, "POST", url, form);

  explicit_bzero (code, strlen (code));
  explicit_bzero (verifier, strlen (verifier));
  explicit_bzero (form, strlen (form));
  if (!is_success (answer))
    return nile_answer_fail (host, out, answer, false, request->code);
  return nile_answer_read_token (host, out, answer, now_sec);
}

const FelBackend felucca_backend_v1 = {
  .struct_size = sizeof (FelBackend),
  .name = "nile",
  .description = "Nile (thenile.dev)",
  .version = FEL_VERSION,
  .flags = FEL_BACKEND_NEEDS_TOKEN,
  .settings = settings,
  .check = nile_check,
  .mint = nile_mint,
  .revoke = nile_revoke,
  .list = nile_list,
  .probe = nile_probe,
  .refresh = nile_refresh,
  .authorize_url = nile_authorize_url,
  .exchange = nile_exchange,
};
