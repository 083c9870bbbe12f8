/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus-call.h"

#include "felucca-names.h"

#include "error.h"
#include "fork-guard.h"
#include "secret-pipe.h"

struct FelBusCalls
{
  FelCallers *callers;
  GPtrArray *open; /* of BusCall */
  FelBusCallsEmpty empty;
  gpointer user_data;
};

typedef struct
{
  FelBusCalls *calls;
  FelCaller *caller; /* NULL: it has left */
  sd_bus_message *message;
  FelRequest *request; /* owned */
  FelBusAnswer answer;
  gboolean started;
} BusCall;

int
fel_bus_fail (sd_bus_error *ret_error, const GError *error)
{
  return sd_bus_error_set (ret_error, fel_error_name (error), error->message);
}

static void
bus_call_free (gpointer data)
{
  BusCall *self = data;

  fel_fork_guard_remove (self->request->options->secret_fd);
  sd_bus_message_unref (self->message);
  fel_request_unref (self->request);
  g_free (self);
}

static void
calls_drop (FelBusCalls *self, BusCall *call)
{
  g_ptr_array_remove_fast (self->open, call);
  if (self->open->len == 0)
    self->empty (self->user_data);
}

static void
on_left (FelCaller *caller, gpointer user_data)
{
  FelBusCalls *self = user_data;

  for (guint i = self->open->len; i-- > 0;)
    {
      BusCall *call = self->open->pdata[i];

      if (call->caller != caller)
        continue;
      call->caller = NULL;
      if (call->started)
        fel_request_orphan (call->request);
      else
        calls_drop (self, call);
    }
}

FelBusCalls *
fel_bus_calls_new (sd_bus *bus, FelBusCallsEmpty empty, gpointer user_data)
{
  FelBusCalls *self = g_new0 (FelBusCalls, 1);

  self->callers = fel_callers_new (bus, on_left, self);
  self->open = g_ptr_array_new_with_free_func (bus_call_free);
  self->empty = empty;
  self->user_data = user_data;
  return self;
}

void
fel_bus_calls_free (FelBusCalls *self)
{
  if (self == NULL)
    return;
  fel_callers_free (self->callers);
  g_ptr_array_unref (self->open);
  g_free (self);
}

FelCaller *
fel_bus_calls_add_peer (FelBusCalls *self, sd_bus *peer, pid_t pid)
{
  return fel_callers_add_peer (self->callers, peer, pid);
}

void
fel_bus_calls_remove_peer (FelBusCalls *self, sd_bus *peer)
{
  fel_callers_remove_peer (self->callers, peer);
}

guint
fel_bus_calls_open (const FelBusCalls *self)
{
  return self->open->len;
}

static gboolean
bus_call_hand_over_secret (BusCall *self, GError **error)
{
  FelRequest *request = self->request;

  if (request->options->secret_fd < 0 || request->secret == NULL)
    return TRUE;
  return fel_secret_pipe_write (request->options->secret_fd, request->secret, error);
}

static int
bus_call_send_answer (BusCall *self)
{
  sd_bus_message *reply = NULL;
  int r = sd_bus_message_new_method_return (self->message, &reply);

  if (r >= 0 && self->request->secret != NULL)
    r = sd_bus_message_sensitive (reply);
  if (r >= 0)
    r = self->answer (reply, self->request);
  if (r >= 0)
    r = sd_bus_message_send (reply);
  sd_bus_message_unref (reply);
  return r;
}

static void
bus_call_reply (BusCall *self)
{
  g_autoptr (GError) error = NULL;
  int r;

  if (sd_bus_message_get_expect_reply (self->message) == 0)
    return;
  if (self->request->error != NULL)
    error = g_error_copy (self->request->error);
  else if (bus_call_hand_over_secret (self, &error))
    {
      r = bus_call_send_answer (self);
      if (r < 0)
        error = g_error_new (FEL_ERROR, FEL_ERROR_INTERNAL, "the answer could not be sent: %s", g_strerror (-r));
    }
  if (error == NULL)
    return;
  sd_bus_reply_method_errorf (self->message, fel_error_name (error), "%s", error->message);
  if (self->request->error == NULL)
    self->request->reply_error = g_steal_pointer (&error);
}

static void
bus_call_end (BusCall *self)
{
  if (self->caller != NULL)
    self->caller->open--;
  calls_drop (self->calls, self);
}

static void
on_request_done (FelRequest *request, gpointer user_data)
{
  BusCall *self = user_data;

  if (self->caller != NULL)
    bus_call_reply (self);
  bus_call_end (self);
}

static void
on_caller_known (FelCaller *caller, gpointer user_data)
{
  BusCall *self = user_data;

  if (!caller->allowed)
    {
      sd_bus_reply_method_errorf (self->message, FEL_ERROR_PREFIX "AccessDenied",
                                  "this connection does not belong to the user that this daemon serves");
      bus_call_end (self);
      return;
    }
  self->request->caller = g_strdup (caller->label);
  self->started = TRUE;
  fel_request_start (self->request, on_request_done, self);
}

static gboolean
check_limits (const FelBusCalls *self, const FelCaller *caller, GError **error)
{
  if (caller->open >= FEL_REQUESTS_PER_CALLER_MAX)
    {
      g_set_error (error, FEL_ERROR, FEL_ERROR_LIMIT_EXCEEDED, "%u calls of this connection have no answer yet",
                   caller->open);
      return FALSE;
    }
  if (self->open->len >= FEL_REQUESTS_MAX)
    {
      g_set_error (error, FEL_ERROR, FEL_ERROR_LIMIT_EXCEEDED, "%u calls have no answer yet; try again later",
                   self->open->len);
      return FALSE;
    }
  return TRUE;
}

int
fel_bus_calls_begin (FelBusCalls *self, sd_bus_message *message, FelRequest *request, FelBusAnswer answer,
                     sd_bus_error *ret_error)
{
  g_autoptr (FelRequest) owned = request;
  FelCaller *caller = fel_callers_find (self->callers, message);
  g_autoptr (GError) error = NULL;
  BusCall *call;

  if (caller == NULL)
    return -ENOMEM;
  if (!check_limits (self, caller, &error))
    {
      fel_request_log_refusal (owned, caller->label, error);
      return fel_bus_fail (ret_error, error);
    }
  call = g_new0 (BusCall, 1);
  call->calls = self;
  call->caller = caller;
  call->message = sd_bus_message_ref (message);
  call->request = g_steal_pointer (&owned);
  call->answer = answer;
  fel_fork_guard_add (call->request->options->secret_fd);
  caller->open++;
  g_ptr_array_add (self->open, call);
  fel_caller_when_known (caller, on_caller_known, call);
  return 1;
}
