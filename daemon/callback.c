/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "callback.h"

#include <string.h>

#include "error.h"

#define CODE_LEN_MAX 4096
#define ERROR_LEN_MAX 64
#define DESCRIPTION_LEN_MAX 200

/* A piece of the head; not terminated. */
typedef struct
{
  char *at;
  gsize len;
} Span;

/* What the query says. A `values[…].at` that is NULL: not there. */
typedef enum
{
  PARAM_STATE,
  PARAM_CODE,
  PARAM_ERROR,
  PARAM_DESCRIPTION,
  N_PARAMS
} Param;

static const char *const param_names[N_PARAMS] = {
  [PARAM_STATE] = "state",
  [PARAM_CODE] = "code",
  [PARAM_ERROR] = "error",
  [PARAM_DESCRIPTION] = "error_description",
};

/* RFC 6749, section 4.1.2.1 */
static const struct
{
  const char *code;
  FelError error;
  const char *sentence;
} refusals[] = {
  { "access_denied", FEL_ERROR_ACCESS_DENIED, "the sign-in was declined in the browser" },
  { "invalid_request", FEL_ERROR_PROVIDER_ERROR, "the provider does not understand the request to sign in" },
  { "unauthorized_client", FEL_ERROR_ACCESS_DENIED, "the provider does not let this client sign anybody in" },
  { "unsupported_response_type", FEL_ERROR_UNSUPPORTED, "the provider has no sign-in of this kind" },
  { "invalid_scope", FEL_ERROR_PROVIDER_ERROR, "the provider does not grant what was asked for" },
  { "server_error", FEL_ERROR_PROVIDER_ERROR, "the provider failed; try again later" },
  { "temporarily_unavailable", FEL_ERROR_UNREACHABLE, "the provider is overloaded or being repaired; try again later" },
};

/* Spans */

static gboolean
span_is (Span self, const char *text)
{
  return self.len == strlen (text) && memcmp (self.at, text, self.len) == 0;
}

static gboolean
span_is_nocase (Span self, const char *text)
{
  return self.len == strlen (text) && g_ascii_strncasecmp (self.at, text, self.len) == 0;
}

/* Takes what is before the separator, or all. */
static Span
span_take (Span *self, const char *separator)
{
  gsize n = strlen (separator);
  char *found = self->len > 0 ? memmem (self->at, self->len, separator, n) : NULL;
  Span taken = { self->at, found != NULL ? (gsize) (found - self->at) : self->len };
  gsize used = taken.len + (found != NULL ? n : 0);

  self->at += used;
  self->len -= used;
  return taken;
}

static Span
span_strip (Span self)
{
  while (self.len > 0 && (self.at[0] == ' ' || self.at[0] == '\t'))
    self = (Span){ self.at + 1, self.len - 1 };
  while (self.len > 0 && (self.at[self.len - 1] == ' ' || self.at[self.len - 1] == '\t'))
    self.len--;
  return self;
}

/* All of it printable ASCII, with or without the space. */
static gboolean
span_is_visible (Span self, gboolean with_space)
{
  for (gsize i = 0; i < self.len; i++)
    if (!(with_space ? g_ascii_isprint (self.at[i]) : g_ascii_isgraph (self.at[i])))
      return FALSE;
  return TRUE;
}

/* application/x-www-form-urlencoded, in place. */
static gboolean
span_decode (Span *self)
{
  gsize out = 0;

  for (gsize i = 0; i < self->len; i++)
    {
      char c = self->at[i];

      if (c == '+')
        c = ' ';
      else if (c == '%')
        {
          int high = i + 2 < self->len ? g_ascii_xdigit_value (self->at[i + 1]) : -1;
          int low = i + 2 < self->len ? g_ascii_xdigit_value (self->at[i + 2]) : -1;

          if (high < 0 || low < 0)
            return FALSE;
          c = (char) (high * 16 + low);
          i += 2;
        }
      self->at[out++] = c;
    }
  self->len = out;
  return TRUE;
}

/* The time it takes does not tell where the two differ. */
static gboolean
span_is_secret (Span self, const char *secret)
{
  guchar difference = 0;

  if (self.len != strlen (secret))
    return FALSE;
  for (gsize i = 0; i < self.len; i++)
    difference |= (guchar) (self.at[i] ^ secret[i]);
  return difference == 0;
}

/* The head (RFC 9112, sections 2 to 5) */

/* No control character but a tab, and a CR only before a LF and the other way round. */
static gboolean
is_text (const char *head, gsize len)
{
  for (gsize i = 0; i < len; i++)
    {
      if (head[i] == '\r' && (i + 1 == len || head[i + 1] == '\n'))
        i++;
      else if (head[i] != '\t' && g_ascii_iscntrl (head[i]))
        return FALSE;
    }
  return TRUE;
}

/* Returns the status of the refusal, 0: none. What is asked of another name that leads here is not for us. */
static guint
read_fields (Span fields, guint16 port)
{
  static const char *const hosts[] = { "localhost", "127.0.0.1", "[::1]" };
  guint n_hosts = 0, n_ours = 0;

  while (fields.len > 0)
    {
      Span value = span_take (&fields, "\r\n");
      gboolean has_colon = memchr (value.at, ':', value.len) != NULL;
      Span name = span_take (&value, ":");

      value = span_strip (value);
      if (!has_colon || name.len == 0 || memchr (name.at, ' ', name.len) != NULL
          || memchr (name.at, '\t', name.len) != NULL)
        return 400;
      if (span_is_nocase (name, "transfer-encoding")
          || (span_is_nocase (name, "content-length") && !span_is (value, "0")))
        return 400;
      if (!span_is_nocase (name, "host"))
        continue;
      n_hosts++;
      for (gsize i = 0; i < G_N_ELEMENTS (hosts); i++)
        {
          char host[32];

          g_snprintf (host, sizeof host, "%s:%u", hosts[i], port);
          n_ours += span_is_nocase (value, host) ? 1 : 0;
        }
    }
  return n_hosts == 1 && n_ours == 1 ? 0 : 400;
}

static guint
read_request_line (Span line, Span *ret_query)
{
  Span method = span_take (&line, " ");
  Span target = span_take (&line, " ");
  Span query = target;
  Span path = span_take (&query, "?");

  if (!span_is (line, "HTTP/1.1") && !span_is (line, "HTTP/1.0"))
    return 400;
  if (!span_is (method, "GET"))
    return 405;
  if (!span_is_visible (target, FALSE) || (target.len > 0 && memchr (target.at, '#', target.len) != NULL))
    return 400;
  if (!span_is (path, FEL_CALLBACK_PATH))
    return 404;
  *ret_query = query;
  return 0;
}

/* A parameter that comes twice makes the whole wrong (RFC 6749, section 3.1); ones that nobody knows are left alone. */
static gboolean
read_query (Span query, Span values[N_PARAMS])
{
  while (query.len > 0)
    {
      Span value = span_take (&query, "&");
      Span name = span_take (&value, "=");

      for (guint i = 0; i < N_PARAMS; i++)
        {
          if (!span_is (name, param_names[i]))
            continue;
          if (values[i].at != NULL || !span_decode (&value))
            return FALSE;
          values[i] = value;
        }
    }
  return TRUE;
}

/* The answer */

static void
read_refusal (const Span *error, const Span *description, FelCallback *ret)
{
  FelError code = FEL_ERROR_PROVIDER_ERROR;
  const char *sentence = "the provider ended the sign-in without saying why";
  gboolean shown = error->len > 0 && error->len <= ERROR_LEN_MAX && span_is_visible (*error, TRUE);
  gboolean described = shown && description->at != NULL && description->len > 0
                       && description->len <= DESCRIPTION_LEN_MAX && span_is_visible (*description, TRUE);

  for (gsize i = 0; i < G_N_ELEMENTS (refusals); i++)
    if (span_is (*error, refusals[i].code))
      {
        code = refusals[i].error;
        sentence = refusals[i].sentence;
      }
  ret->said = sentence;
  if (shown)
    ret->error = g_error_new (FEL_ERROR, (int) code, "%s (%.*s%s%.*s)", sentence, (int) error->len, error->at,
                              described ? ": " : "", described ? (int) description->len : 0,
                              described ? description->at : "");
  else
    ret->error = g_error_new_literal (FEL_ERROR, (int) code, sentence);
}

static FelCallbackKind
read_answer (const Span values[N_PARAMS], FelCallback *ret)
{
  Span code = values[PARAM_CODE];

  if (values[PARAM_ERROR].at != NULL && code.at == NULL)
    {
      read_refusal (&values[PARAM_ERROR], &values[PARAM_DESCRIPTION], ret);
      return FEL_CALLBACK_ERROR;
    }
  if (values[PARAM_ERROR].at == NULL && code.len > 0 && code.len <= CODE_LEN_MAX && span_is_visible (code, TRUE))
    {
      ret->code = fel_secret_new (code.at, code.len);
      return FEL_CALLBACK_CODE;
    }
  ret->said = "the provider's answer makes no sense: it is neither a code nor an error";
  ret->error = g_error_new_literal (FEL_ERROR, FEL_ERROR_PROTOCOL_VIOLATION, ret->said);
  return FEL_CALLBACK_ERROR;
}

static FelCallbackKind
refuse (FelCallback *ret, guint status)
{
  ret->status = status;
  return FEL_CALLBACK_REFUSED;
}

FelCallbackKind
fel_callback_read (char *head, gsize len, guint16 port, const char *state, FelCallback *ret)
{
  char *end = len > 0 ? memmem (head, len, "\r\n\r\n", 4) : NULL;
  Span fields = { head, end != NULL ? (gsize) (end - head) : len };
  Span values[N_PARAMS] = { 0 };
  Span line, query = { 0 };
  guint status;

  if (!is_text (head, fields.len))
    return refuse (ret, 400);
  if (end == NULL)
    return len < FEL_CALLBACK_HEAD_MAX ? FEL_CALLBACK_PARTIAL : refuse (ret, 431);
  line = span_take (&fields, "\r\n");
  status = read_request_line (line, &query);
  if (status == 0)
    status = read_fields (fields, port);
  if (status == 0 && !read_query (query, values))
    status = 400;
  if (status == 0 && (values[PARAM_STATE].at == NULL || !span_is_secret (values[PARAM_STATE], state)))
    status = 400;
  return status != 0 ? refuse (ret, status) : read_answer (values, ret);
}

void
fel_callback_clear (FelCallback *self)
{
  g_clear_pointer (&self->code, fel_secret_unref);
  g_clear_error (&self->error);
}

static const char *
reason_of (guint status)
{
  static const struct
  {
    guint status;
    const char *reason;
  } reasons[] = {
    { 200, "OK" },
    { 400, "Bad Request" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 410, "Gone" },
    { 431, "Request Header Fields Too Large" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (reasons); i++)
    if (reasons[i].status == status)
      return reasons[i].reason;
  g_assert_not_reached ();
}

/* Nothing is loaded, kept, told to others or put into a frame. */
GString *
fel_callback_page (guint status, const char *title, const char *sentence)
{
  g_autofree char *body = g_strdup_printf (
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>felucca: %s</title>\n"
      "<meta name=\"color-scheme\" content=\"light dark\"><meta name=\"viewport\" content=\"width=device-width\">\n"
      "<style>body{font:1.1em/1.5 system-ui,sans-serif;max-width:32em;margin:20vh auto;padding:0 1em}</style></head>\n"
      "<body><h1>%s</h1><p>%s</p></body></html>\n",
      title, title, sentence);
  GString *page = g_string_new (NULL);

  g_string_printf (page,
                   "HTTP/1.1 %u %s\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %zu\r\n"
                   "Connection: close\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n"
                   "X-Content-Type-Options: nosniff\r\n"
                   "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
                   "form-action 'none'; frame-ancestors 'none'\r\n%s\r\n%s",
                   status, reason_of (status), strlen (body), status == 405 ? "Allow: GET\r\n" : "", body);
  return page;
}
