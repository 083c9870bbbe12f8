/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "credential.h"

#include <string.h>

#include "exit.h"
#include "pipe.h"

#define PASSWORD_WAIT_MS 5000 /* it is written before the reply is sent, so it is there already */

FelCredential *
fel_credential_new (FelRecord *record, FelBuffer *password)
{
  FelCredential *self = g_new0 (FelCredential, 1);

  self->record = record;
  self->password = password;
  return self;
}

void
fel_credential_free (FelCredential *self)
{
  if (self == NULL)
    return;
  fel_record_free (self->record);
  fel_buffer_free (self->password);
  g_free (self);
}

static FelBuffer *
password_read (FelPipe *secret, GError **error)
{
  g_autoptr (FelBuffer) password = fel_pipe_drain (secret->read_fd, FEL_PASSWORD_MAX, PASSWORD_WAIT_MS, error);

  if (password == NULL)
    return NULL;
  if (password->len > 0 && memchr (password->bytes, '\0', password->len) == NULL)
    return g_steal_pointer (&password);
  g_set_error_literal (error, FEL_EXIT, FEL_EXIT_FAILED, "the daemon answered without a usable password");
  return NULL;
}

FelCredential *
fel_credential_receive (FelCall *call, GError **error)
{
  g_auto (FelPipe) secret = FEL_PIPE_CLOSED;
  g_autoptr (sd_bus_message) reply = NULL;
  g_autoptr (FelRecord) record = NULL;
  g_autoptr (FelBuffer) password = NULL;

  if (!fel_pipe_open (&secret, error))
    return NULL;
  fel_call_option_fd (call, "secret-fd", secret.write_fd);
  fel_pipe_close_write (&secret); /* else we would wait for our own end of file */

  reply = fel_call_send (call, FEL_CALL_SECONDS_LONG, error);
  if (reply == NULL)
    return NULL;
  record = fel_record_read (reply, error);
  password = record != NULL ? password_read (&secret, error) : NULL;
  if (password == NULL)
    return NULL;
  return fel_credential_new (g_steal_pointer (&record), g_steal_pointer (&password));
}
