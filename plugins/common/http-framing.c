/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http-framing.h"

const char *
fel_http_framing_fault (SoupMessageHeaders *headers, SoupHTTPVersion version)
{
  /* What stands in several lines comes as one list, which is no number and no coding. */
  const char *length = soup_message_headers_get_list (headers, "Content-Length");
  const char *coding = soup_message_headers_get_list (headers, "Transfer-Encoding");

  if (length != NULL && !g_ascii_string_to_unsigned (length, 10, 0, G_MAXINT64, NULL, NULL))
    return "a length that is not one number";
  if (coding != NULL && length != NULL)
    return "a length and a transfer coding";
  if (coding != NULL && g_ascii_strcasecmp (coding, "chunked") != 0)
    return "a transfer coding that nobody asked for";
  if (coding != NULL && version == SOUP_HTTP_1_0)
    return "a transfer coding, which HTTP/1.0 does not know";
  return NULL;
}

/* libsoup's decoder of chunks below the stream that it gave us; NULL: this version has another structure. */
static GInputStream *
decoder_of (GInputStream *stream)
{
  GInputStream *base = NULL;

  if (G_IS_FILTER_INPUT_STREAM (stream))
    base = g_filter_input_stream_get_base_stream (G_FILTER_INPUT_STREAM (stream));
  return base != NULL && g_str_equal (G_OBJECT_TYPE_NAME (base), "SoupBodyInputStream") ? base : NULL;
}

/* libsoup 3.2 reports the same end for the last chunk and for a connection that ended before it. But behind the last
 * chunk its decoder leaves the connection alone, and else it goes on reading, even if only to see that it is cancelled.
 * Later versions fail where we read the body; were one built otherwise, then JSON that is not complete would tell. */
static gboolean
is_last_chunk_missing (GInputStream *stream)
{
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  GInputStream *decoder = decoder_of (stream);
  char line[64];

  g_cancellable_cancel (cancelled);
  return decoder != NULL && g_input_stream_read (decoder, line, sizeof line, cancelled, NULL) != 0;
}

gboolean
fel_http_framing_is_cut (SoupMessage *message, GInputStream *stream, gsize len)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (message);
  guint status = soup_message_get_status (message);

  /* They have no body, whatever their headers say. */
  if (status == SOUP_STATUS_NO_CONTENT || status == SOUP_STATUS_NOT_MODIFIED)
    return FALSE;
  switch (soup_message_headers_get_encoding (headers))
    {
    case SOUP_ENCODING_CONTENT_LENGTH:
      /* With `Connection: close` libsoup takes less for all. */
      return len != (gsize) soup_message_headers_get_content_length (headers);
    case SOUP_ENCODING_CHUNKED:
      return is_last_chunk_missing (stream);
    default:
      /* libsoup takes half a header for a whole one, and then nothing follows. A deletion needs no more than the status. */
      return len == 0 && SOUP_STATUS_IS_SUCCESSFUL (status) && soup_message_get_method (message) != SOUP_METHOD_DELETE;
    }
}
