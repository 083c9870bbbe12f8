/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http-framing.h"

#include <string.h>

typedef struct
{
  const char *length[3];
  const char *coding[3];
  SoupHTTPVersion version;
  const char *fault; /* a part of it; NULL: none */
} HeaderCase;

#define LENGTH_FAULT "not one number"

static const HeaderCase header_cases[] = {
  { { NULL }, { NULL }, SOUP_HTTP_1_1, NULL },
  { { "0" }, { NULL }, SOUP_HTTP_1_1, NULL },
  { { "25" }, { NULL }, SOUP_HTTP_1_1, NULL },
  { { "25" }, { NULL }, SOUP_HTTP_1_0, NULL },
  { { "25" }, { NULL }, SOUP_HTTP_2_0, NULL },
  { { "00025" }, { NULL }, SOUP_HTTP_1_1, NULL },
  { { "9223372036854775807" }, { NULL }, SOUP_HTTP_1_1, NULL },
  { { NULL }, { "chunked" }, SOUP_HTTP_1_1, NULL },
  { { NULL }, { "Chunked" }, SOUP_HTTP_1_1, NULL },

  { { "" }, { NULL }, SOUP_HTTP_1_1, LENGTH_FAULT },
  { { "-1" }, { NULL }, SOUP_HTTP_1_1, LENGTH_FAULT },
  { { "-0" }, { NULL }, SOUP_HTTP_1_1, LENGTH_FAULT },
  { { "+5" }, { NULL }, SOUP_HTTP_1_1, LENGTH_FAULT },
  { { " +5" }, { NULL }, SOUP_HTTP_1_1, LENGTH_FAULT },
  { { "0x5" }, { NULL }, SOUP_HTTP_1_1, LENGTH_FAULT },
  { { "5 5" }, { NULL }, SOUP_HTTP_1_1, LENGTH_FAULT },
  { { "5," }, { NULL }, SOUP_HTTP_1_1, LENGTH_FAULT },
  { { "5, 5" }, { NULL }, SOUP_HTTP_1_1, LENGTH_FAULT },
  { { "5", "5" }, { NULL }, SOUP_HTTP_1_1, LENGTH_FAULT },
  { { "5", "6" }, { NULL }, SOUP_HTTP_1_1, LENGTH_FAULT },
  { { "5", "" }, { NULL }, SOUP_HTTP_1_1, LENGTH_FAULT },
  { { "5.0" }, { NULL }, SOUP_HTTP_1_1, LENGTH_FAULT },
  { { "1e2" }, { NULL }, SOUP_HTTP_1_1, LENGTH_FAULT },
  { { "9223372036854775808" }, { NULL }, SOUP_HTTP_1_1, LENGTH_FAULT },
  { { "18446744073709551641" }, { NULL }, SOUP_HTTP_1_1, LENGTH_FAULT },
  { { "99999999999999999999999" }, { NULL }, SOUP_HTTP_1_1, LENGTH_FAULT },

  { { "5" }, { "chunked" }, SOUP_HTTP_1_1, "a length and a transfer coding" },
  { { "5" }, { "identity" }, SOUP_HTTP_1_1, "a length and a transfer coding" },
  { { NULL }, { "" }, SOUP_HTTP_1_1, "nobody asked for" },
  { { NULL }, { "gzip" }, SOUP_HTTP_1_1, "nobody asked for" },
  { { NULL }, { "identity" }, SOUP_HTTP_1_1, "nobody asked for" },
  { { NULL }, { "gzip, chunked" }, SOUP_HTTP_1_1, "nobody asked for" },
  { { NULL }, { "chunked, gzip" }, SOUP_HTTP_1_1, "nobody asked for" },
  { { NULL }, { "chunked", "chunked" }, SOUP_HTTP_1_1, "nobody asked for" },
  { { NULL }, { "identity", "chunked" }, SOUP_HTTP_1_1, "nobody asked for" },
  { { NULL }, { "chunkedx" }, SOUP_HTTP_1_1, "nobody asked for" },
  { { NULL }, { "chunked" }, SOUP_HTTP_1_0, "HTTP/1.0" },
};

static void
test_headers (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (header_cases); i++)
    {
      const HeaderCase *one = &header_cases[i];
      SoupMessageHeaders *headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_RESPONSE);
      const char *fault;

      for (gsize n = 0; n < G_N_ELEMENTS (one->length) && one->length[n] != NULL; n++)
        soup_message_headers_append (headers, "Content-Length", one->length[n]);
      for (gsize n = 0; n < G_N_ELEMENTS (one->coding) && one->coding[n] != NULL; n++)
        soup_message_headers_append (headers, "Transfer-Encoding", one->coding[n]);
      fault = fel_http_framing_fault (headers, one->version);
      g_test_message ("%zu: %s", i, fault != NULL ? fault : "fine");
      g_assert_true ((fault == NULL) == (one->fault == NULL));
      if (fault != NULL)
        g_assert_nonnull (strstr (fault, one->fault));
      soup_message_headers_unref (headers);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http-framing/headers", test_headers);
  return g_test_run ();
}
