/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http.h"

#include <string.h>

#include <libsoup/soup.h>

#include "http-framing.h"

#define IDLE_TIMEOUT_SEC 30 /* shorter than servers keep a silent connection, so that they do not close it under us */
#define CONNECTIONS_PER_HOST_MAX 8
#define INTERIM_ANSWERS_MAX 16 /* of status 1xx, before the answer */

/* Sessions by the certificates they trust and by whether a proxy may be between; made on demand, kept for the life of
 * the process. */
static GMutex sessions_lock;
static GHashTable *sessions;

typedef struct
{
  gboolean sent;  /* the first byte may be out */
  gboolean again; /* the library was about to send it a second time */
  guint n_interim;
  GCancellable *cancellable;
} Exchange;

gboolean
fel_http_is_plain_host (const char *host)
{
  return *host != '\0'
         && strspn (host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:%") == strlen (host)
         && (strchr (host, '%') == NULL || strchr (host, ':') != NULL);
}

static gboolean
is_loopback (const char *host)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);

  return address != NULL ? g_inet_address_get_is_loopback (address) : g_ascii_strcasecmp (host, "localhost") == 0;
}

gboolean
fel_http_check_url (const char *url, GError **error)
{
  g_autoptr (GUri) uri = g_uri_parse (url, SOUP_HTTP_URI_FLAGS, NULL);
  const char *wrong = NULL;

  if (uri == NULL)
    wrong = "it is not a URL"; /* GLib's own words could repeat a password that is in it */
  else if (g_uri_get_host (uri) == NULL || !fel_http_is_plain_host (g_uri_get_host (uri)))
    wrong = "it has no host that could be one";
  else if (g_uri_get_userinfo (uri) != NULL)
    wrong = "it has a user name or password in it";
  else if (g_uri_get_query (uri) != NULL || g_uri_get_fragment (uri) != NULL)
    wrong = "it has a query or a fragment";
  else if (g_uri_get_port (uri) == 0)
    wrong = "port 0 is no port";
  else if (g_str_equal (g_uri_get_scheme (uri), "http") && !is_loopback (g_uri_get_host (uri)))
    wrong = "http: is only for a loopback host, use https:";
  else if (!g_str_equal (g_uri_get_scheme (uri), "https") && !g_str_equal (g_uri_get_scheme (uri), "http"))
    wrong = "it is neither https: nor http:";
  if (wrong == NULL)
    return TRUE;
  g_set_error (error, G_URI_ERROR, G_URI_ERROR_FAILED, "%s", wrong);
  return FALSE;
}

static SoupSession *
session_new (const char *ca_file, gboolean direct, GError **error)
{
  g_autoptr (SoupSession) session = NULL;
  g_autoptr (GTlsDatabase) trusted = NULL;

  if (ca_file != NULL && (trusted = g_tls_file_database_new (ca_file, error)) == NULL)
    return NULL;
  session = soup_session_new_with_options ("user-agent", "felucca", "idle-timeout", IDLE_TIMEOUT_SEC,
                                           "max-conns-per-host", CONNECTIONS_PER_HOST_MAX, NULL);
  if (trusted != NULL)
    soup_session_set_tls_database (session, trusted);
  if (direct)
    soup_session_set_proxy_resolver (session, NULL);
  soup_session_remove_feature_by_type (session, SOUP_TYPE_AUTH_MANAGER);
  soup_session_remove_feature_by_type (session, SOUP_TYPE_CONTENT_DECODER);
  soup_session_remove_feature_by_type (session, SOUP_TYPE_COOKIE_JAR);
  return g_steal_pointer (&session);
}

/* (transfer none) */
static SoupSession *
session_for (const FelHttpRequest *request, GError **error)
{
  g_autoptr (GUri) uri = g_uri_parse (request->url, SOUP_HTTP_URI_FLAGS, error);
  gboolean direct = uri != NULL && is_loopback (g_uri_get_host (uri));
  g_autofree char *key = g_strdup_printf ("%d %s", direct, request->ca_file != NULL ? request->ca_file : "");
  SoupSession *session;

  if (uri == NULL)
    return NULL;

  g_mutex_lock (&sessions_lock);
  if (sessions == NULL)
    sessions = g_hash_table_new (g_str_hash, g_str_equal);
  session = g_hash_table_lookup (sessions, key);
  if (session == NULL && (session = session_new (request->ca_file, direct, error)) != NULL)
    g_hash_table_insert (sessions, g_steal_pointer (&key), session);
  g_mutex_unlock (&sessions_lock);
  return session;
}

static void
on_starting (SoupMessage *message, gpointer user_data)
{
  ((Exchange *) user_data)->sent = TRUE;
}

/* The library repeats a request when a connection that it reused breaks, and on 421: we never do. */
static void
on_restarted (SoupMessage *message, gpointer user_data)
{
  Exchange *exchange = user_data;

  exchange->again = TRUE;
  g_cancellable_cancel (exchange->cancellable);
}

static void
message_set_body (SoupMessage *message, const FelHttpRequest *request)
{
  const char *text = request->form != NULL ? request->form : request->json;
  const char *type = request->form != NULL ? "application/x-www-form-urlencoded" : "application/json";
  g_autoptr (GBytes) body = text != NULL ? g_bytes_new (text, strlen (text)) : NULL;

  if (body != NULL)
    soup_message_set_request_body_from_bytes (message, type, body);
  else if (g_str_equal (request->method, "POST"))
    soup_message_headers_set_content_length (soup_message_get_request_headers (message), 0);
}

static void
on_interim (SoupMessage *message, gpointer user_data)
{
  Exchange *exchange = user_data;

  if (++exchange->n_interim > INTERIM_ANSWERS_MAX)
    g_cancellable_cancel (exchange->cancellable);
}

static SoupMessage *
message_new (const FelHttpRequest *request, Exchange *exchange)
{
  SoupMessage *message = soup_message_new (request->method, request->url);
  SoupMessageHeaders *headers;

  if (message == NULL)
    return NULL;
  /* Not that it were: this is what lets a POST use a connection that is open; on_restarted keeps it a single one. */
  soup_message_add_flags (message, SOUP_MESSAGE_NO_REDIRECT | SOUP_MESSAGE_IDEMPOTENT);
  headers = soup_message_get_request_headers (message);
  soup_message_headers_replace (headers, "Accept", "application/json");
  if (request->token != NULL)
    {
      g_autofree char *bearer = g_strconcat ("Bearer ", request->token, NULL);

      soup_message_headers_replace (headers, "Authorization", bearer);
      explicit_bzero (bearer, strlen (bearer));
    }
  for (const char *const *header = request->headers; header != NULL && *header != NULL; header += 2)
    soup_message_headers_replace (headers, header[0], header[1]);
  message_set_body (message, request);
  g_signal_connect (message, "starting", G_CALLBACK (on_starting), exchange);
  g_signal_connect (message, "restarted", G_CALLBACK (on_restarted), exchange);
  g_signal_connect (message, "got-informational", G_CALLBACK (on_interim), exchange);
  return message;
}

static gboolean
is_timeout (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT)
         || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
answer_refuse (FelHttpAnswer *self, const char *what)
{
  self->outcome = FEL_HTTP_BAD_ANSWER;
  self->why = g_strdup_printf ("it has %s", what);
}

static void
answer_fail_sent (FelHttpAnswer *self, const Exchange *exchange, const GError *error)
{
  self->outcome = FEL_HTTP_NO_ANSWER;
  if (exchange->again)
    self->why = g_strdup ("the connection broke before the answer");
  else if (exchange->n_interim > INTERIM_ANSWERS_MAX)
    answer_refuse (self, "too many others before it");
  else if (g_error_matches (error, SOUP_SESSION_ERROR, SOUP_SESSION_ERROR_ENCODING))
    answer_refuse (self, "a length or a transfer coding that cannot be understood");
  else if (is_timeout (error))
    {
      self->timed_out = TRUE;
      self->why = g_strdup ("it did not answer in time");
    }
  else /* libsoup's decoder of chunks can fail without saying why */
    self->why = g_strdup (error != NULL ? error->message : "the connection broke within the answer");
}

static void
answer_fail (FelHttpAnswer *self, const Exchange *exchange, const GError *error)
{
  if (exchange->sent)
    {
      answer_fail_sent (self, exchange, error);
      return;
    }
  self->outcome = is_timeout (error) ? FEL_HTTP_TIMED_OUT : FEL_HTTP_UNREACHABLE;
  self->why = g_strdup (is_timeout (error) ? "it did not answer in time" : error->message);
}

/* Until the end, or until it is too long. Each read gets room for a line, which libsoup's decoder of chunks needs. */
static gboolean
read_body (FelHttpAnswer *self, GInputStream *stream, GCancellable *cancellable, GError **error)
{
  gssize n = 1;

  while (n > 0 && self->len <= FEL_HTTP_BODY_MAX)
    {
      n = g_input_stream_read (stream, self->body + self->len, sizeof self->body - self->len, cancellable, error);
      self->len += (gsize) MAX (n, 0);
    }
  return n >= 0;
}

static void
answer_read (FelHttpAnswer *self, SoupMessage *message, GInputStream *stream, const Exchange *exchange)
{
  const char *fault = fel_http_framing_fault (soup_message_get_response_headers (message),
                                              soup_message_get_http_version (message));
  g_autoptr (GError) error = NULL;

  if (fault != NULL)
    answer_refuse (self, fault);
  else if (!read_body (self, stream, exchange->cancellable, &error))
    answer_fail (self, exchange, error);
  else if (self->len > FEL_HTTP_BODY_MAX)
    answer_refuse (self, "more than " G_STRINGIFY (FEL_HTTP_BODY_MAX_KIB) " KiB");
  else if (fel_http_framing_is_cut (message, stream, self->len))
    {
      self->outcome = FEL_HTTP_NO_ANSWER;
      self->why = g_strdup ("the connection ended before the answer did");
    }
  self->len = MIN (self->len, FEL_HTTP_BODY_MAX);
  self->body[self->len] = '\0';
}

static void
on_outer_cancelled (GCancellable *outer, gpointer user_data)
{
  g_cancellable_cancel (user_data);
}

FelHttpAnswer *
fel_http_send (const FelHttpRequest *request)
{
  FelHttpAnswer *self = g_new0 (FelHttpAnswer, 1);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Exchange exchange = { .cancellable = cancellable };
  g_autoptr (SoupMessage) message = NULL;
  g_autoptr (GInputStream) stream = NULL;
  g_autoptr (GError) error = NULL;
  SoupSession *session = session_for (request, &error);
  gulong outer_id = 0;

  if (session == NULL || (message = message_new (request, &exchange)) == NULL)
    {
      self->outcome = FEL_HTTP_UNREACHABLE;
      self->why = g_strdup (error != NULL ? error->message : "the URL cannot be used");
      return self;
    }
  if (request->cancellable != NULL)
    outer_id = g_cancellable_connect (request->cancellable, G_CALLBACK (on_outer_cancelled), cancellable, NULL);
  stream = soup_session_send (session, message, cancellable, &error);
  self->status = soup_message_get_status (message);
  if (stream == NULL)
    answer_fail (self, &exchange, error);
  else
    {
      answer_read (self, message, stream, &exchange);
      g_input_stream_close (stream, NULL, NULL);
    }
  g_cancellable_disconnect (request->cancellable, outer_id);
  return self;
}

void
fel_http_answer_free (FelHttpAnswer *self)
{
  if (self == NULL)
    return;
  explicit_bzero (self->body, sizeof self->body);
  g_free (self->why);
  g_free (self);
}
