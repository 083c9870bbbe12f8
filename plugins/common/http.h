/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One bounded HTTP exchange for a backend: one request at most, no redirect, no authentication by the library, no
 * cookies, no content coding, no more than 64 KiB of answer, which lies in memory that is erased. Connections are kept
 * alive between calls. Blocks; fine from any worker. */
#pragma once

#include <gio/gio.h>

#define FEL_HTTP_BODY_MAX_KIB 64
#define FEL_HTTP_BODY_MAX (FEL_HTTP_BODY_MAX_KIB * 1024)
#define FEL_HTTP_BODY_ROOM (FEL_HTTP_BODY_MAX + 256)

typedef struct FelHttpRequest
{
  const char *method;
  const char *url;            /* the origin that the token is for; checked by fel_http_check_url() before */
  const char *token;          /* bearer; (nullable) */
  const char *form;           /* body, application/x-www-form-urlencoded; (nullable) */
  const char *json;           /* body, application/json; (nullable) */
  const char *ca_file;        /* certificates to trust instead of the system's; (nullable) */
  GCancellable *cancellable;  /* the total deadline; (nullable) */
  const char *const *headers; /* name, value, …, NULL: beside those that every request has; (nullable) */
} FelHttpRequest;

typedef enum
{
  FEL_HTTP_ANSWERED,    /* a complete answer: status and body */
  FEL_HTTP_UNREACHABLE, /* not one byte of the request was sent */
  FEL_HTTP_TIMED_OUT,   /* cancelled or silent, before one byte was sent */
  FEL_HTTP_NO_ANSWER,   /* sent, perhaps in part, and nothing complete came back */
  FEL_HTTP_BAD_ANSWER,  /* sent, and what came back breaks the rules: it is too long, or has no end that is certain */
} FelHttpOutcome;

typedef struct FelHttpAnswer
{
  FelHttpOutcome outcome;
  gboolean timed_out; /* NO_ANSWER because of the deadline */
  char *why;          /* not ANSWERED: a sentence without secrets */
  guint status;       /* 0: none came */
  gsize len; /* NO_ANSWER, BAD_ANSWER: what came of the body, as far as it can be told to belong to this answer */
  char body[FEL_HTTP_BODY_ROOM]; /* len bytes, then a NUL */
} FelHttpAnswer;

FelHttpAnswer *fel_http_send (const FelHttpRequest *request);
void fel_http_answer_free (FelHttpAnswer *self); /* (nullable) erases it */

/* A base URL of the configuration: https, or http to a loopback host; no user, query, fragment or port 0. */
gboolean fel_http_check_url (const char *url, GError **error);

/* Letters, digits and what IP addresses need; GUri takes more. International names are for others to encode. */
gboolean fel_http_is_plain_host (const char *host);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelHttpAnswer, fel_http_answer_free)
