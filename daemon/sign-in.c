/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sign-in.h"

#include <string.h>
#include <sys/random.h>

#include "callback.h"
#include "error.h"
#include "sign-in-listener.h"

#define DEADLINE_SEC 300
#define HANDLE_BYTES 16
#define STATE_BYTES 32
#define VERIFIER_BYTES 32 /* RFC 7636, section 4.1 */
#define SHA256_BYTES 32
#define BYTES_MAX 32
#define TEXT_ROOM 48 /* base64 of that many, and a NUL */
#define LEAVING "the daemon is about to leave; start the sign-in again"

typedef struct
{
  FelSignIn public;
  FelSignIns *all;
  FelSignInListener *listener;
  gboolean answered;
  GError *error; /* the answer, when it is no */
  FelSignInDone done;
  gpointer user_data;
  guint deadline_id;
  guint answer_id; /* on its way to the one who waits */
} Entry;

struct FelSignIns
{
  GPtrArray *entries; /* of Entry */
  gboolean stopped;
};

G_STATIC_ASSERT (G_STRUCT_OFFSET (Entry, public) == 0);

/* RFC 4648, section 5, without padding. text: TEXT_ROOM */
static void
to_base64url (const guchar *bytes, gsize len, char *text)
{
  int state = 0, save = 0;
  gsize n = g_base64_encode_step (bytes, len, FALSE, text, &state, &save);

  n += g_base64_encode_close (FALSE, text + n, &state, &save);
  while (n > 0 && (text[n - 1] == '=' || text[n - 1] == '\n'))
    n--;
  text[n] = '\0';
  g_strdelimit (text, "+", '-');
  g_strdelimit (text, "/", '_');
}

static gboolean
random_text (gsize len, char *text, GError **error)
{
  guchar bytes[BYTES_MAX];

  if (getrandom (bytes, len, 0) != (ssize_t) len)
    {
      g_set_error_literal (error, FEL_ERROR, FEL_ERROR_INTERNAL, "the system has no random numbers");
      return FALSE;
    }
  to_base64url (bytes, len, text);
  explicit_bzero (bytes, sizeof bytes);
  return TRUE;
}

/* RFC 7636, section 4.2 */
static char *
challenge_of (const FelSecret *verifier)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  guchar digest[SHA256_BYTES];
  gsize len = sizeof digest;
  char text[TEXT_ROOM];

  g_checksum_update (sum, (const guchar *) verifier->bytes, (gssize) verifier->len);
  g_checksum_get_digest (sum, digest, &len);
  to_base64url (digest, len, text);
  return g_strdup (text);
}

static void
entry_free (gpointer data)
{
  Entry *self = data;

  fel_sign_in_listener_free (self->listener);
  g_clear_handle_id (&self->deadline_id, g_source_remove);
  g_clear_handle_id (&self->answer_id, g_source_remove);
  g_clear_error (&self->error);
  g_free (self->public.handle);
  g_free (self->public.backend);
  g_free (self->public.redirect_uri);
  g_free (self->public.state);
  g_free (self->public.challenge);
  fel_secret_unref (self->public.verifier);
  fel_secret_unref (self->public.code);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Entry, entry_free)

/* The answer */

static gboolean
on_answer (gpointer user_data)
{
  Entry *self = user_data;
  g_autoptr (GError) error = g_steal_pointer (&self->error);
  FelSignInDone done = g_steal_pointer (&self->done);

  self->answer_id = 0;
  done (&self->public, error, self->user_data);
  return G_SOURCE_REMOVE;
}

/* Not at once: we may be within a connection of the door that the one who waits is about to close. */
static void
entry_tell (Entry *self)
{
  if (self->done == NULL || !self->answered || self->answer_id != 0)
    return;
  g_clear_handle_id (&self->deadline_id, g_source_remove);
  self->answer_id = g_idle_add (on_answer, self);
}

static void
entry_answer (Entry *self, GError *error /* (transfer full) (nullable) */)
{
  self->answered = TRUE;
  self->error = error;
  entry_tell (self);
}

static GString *
page_of_refusal (guint status)
{
  return fel_callback_page (status, "Nothing to see here",
                            "This address takes the answer to a sign-in that felucca has started, and nothing else.");
}

static GString *
on_head (char *head, gsize len, gpointer user_data)
{
  Entry *self = user_data;
  g_auto (FelCallback) callback = { 0 };
  guint16 port = fel_sign_in_listener_port (self->listener);
  FelCallbackKind kind = fel_callback_read (head, len, port, self->public.state, &callback);

  if (kind == FEL_CALLBACK_PARTIAL)
    return NULL;
  if (kind == FEL_CALLBACK_REFUSED)
    return page_of_refusal (callback.status);
  if (self->answered)
    return fel_callback_page (410, "Once is enough", "This sign-in has its answer already. You can close this page.");
  if (kind == FEL_CALLBACK_ERROR)
    {
      g_autofree char *sentence = g_strdup_printf ("It did not work: %s. You can close this page.", callback.said);
      GString *page = fel_callback_page (200, "Not signed in", sentence);

      entry_answer (self, g_steal_pointer (&callback.error));
      return page;
    }
  self->public.code = g_steal_pointer (&callback.code);
  entry_answer (self, NULL);
  return fel_callback_page (200, "Thank you",
                            "felucca has the answer and finishes the sign-in where you started it. You can close this "
                            "page.");
}

static gboolean
on_deadline (gpointer user_data)
{
  Entry *self = user_data;

  self->deadline_id = 0;
  if (self->done == NULL)
    fel_sign_in_end (&self->public);
  else
    entry_answer (self, g_error_new (FEL_ERROR, FEL_ERROR_TIMED_OUT,
                                     "the browser did not come back within %d minutes; start the sign-in again",
                                     DEADLINE_SEC / 60));
  return G_SOURCE_REMOVE;
}

/* The table */

FelSignIns *
fel_sign_ins_new (void)
{
  FelSignIns *self = g_new0 (FelSignIns, 1);

  self->entries = g_ptr_array_new_with_free_func (entry_free);
  return self;
}

void
fel_sign_ins_free (FelSignIns *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->entries);
  g_free (self);
}

static gboolean
may_begin (const FelSignIns *self, GError **error)
{
  if (self->stopped)
    g_set_error_literal (error, FEL_ERROR, FEL_ERROR_CANCELLED, "the daemon is about to leave; try again");
  else if (self->entries->len >= FEL_SIGN_INS_MAX)
    g_set_error (error, FEL_ERROR, FEL_ERROR_LIMIT_EXCEEDED,
                 "%u sign-ins wait for a browser already; each of them ends within %d minutes", self->entries->len,
                 DEADLINE_SEC / 60);
  else
    return TRUE;
  return FALSE;
}

FelSignIn *
fel_sign_ins_begin (FelSignIns *self, const char *backend, GError **error)
{
  g_autoptr (Entry) entry = g_new0 (Entry, 1);
  FelSignIn *public = &entry->public;
  char handle[TEXT_ROOM], state[TEXT_ROOM], verifier[TEXT_ROOM];

  if (!may_begin (self, error) || !random_text (HANDLE_BYTES, handle, error) || !random_text (STATE_BYTES, state, error)
      || !random_text (VERIFIER_BYTES, verifier, error))
    return NULL;
  entry->all = self;
  public->handle = g_strdup (handle);
  public->backend = g_strdup (backend);
  public->state = g_strdup (state);
  public->verifier = fel_secret_new (verifier, strlen (verifier));
  public->challenge = challenge_of (public->verifier);
  explicit_bzero (verifier, sizeof verifier);
  entry->listener = fel_sign_in_listener_new (on_head, entry, error);
  if (entry->listener == NULL)
    return NULL;
  public->redirect_uri = g_strdup_printf ("http://localhost:%u" FEL_CALLBACK_PATH,
                                          fel_sign_in_listener_port (entry->listener));
  entry->deadline_id = g_timeout_add_seconds (DEADLINE_SEC, on_deadline, entry);
  g_ptr_array_add (self->entries, entry);
  return &g_steal_pointer (&entry)->public;
}

FelSignIn *
fel_sign_ins_find (FelSignIns *self, const char *handle, GError **error)
{
  for (guint i = 0; i < self->entries->len; i++)
    {
      Entry *entry = self->entries->pdata[i];

      if (g_str_equal (entry->public.handle, handle))
        return &entry->public;
    }
  g_set_error_literal (error, FEL_ERROR, FEL_ERROR_NOT_FOUND,
                       "no sign-in has this handle: it was finished, or nobody came to do so within 5 minutes");
  return NULL;
}

guint
fel_sign_ins_count (const FelSignIns *self)
{
  return self->entries->len;
}

void
fel_sign_ins_stop (FelSignIns *self)
{
  self->stopped = TRUE;
  for (guint i = self->entries->len; i-- > 0;)
    {
      Entry *entry = self->entries->pdata[i];

      fel_sign_in_cancel (&entry->public, LEAVING);
    }
}

/* One of them */

gboolean
fel_sign_in_wait (FelSignIn *public, FelSignInDone done, gpointer user_data, GError **error)
{
  Entry *self = (Entry *) public;

  if (self->done != NULL || self->deadline_id == 0)
    {
      g_set_error_literal (error, FEL_ERROR, FEL_ERROR_CONFLICT, "somebody waits for the end of this sign-in already");
      return FALSE;
    }
  self->done = done;
  self->user_data = user_data;
  /* The call was on its way when the others were told. */
  if (self->all->stopped)
    fel_sign_in_cancel (public, LEAVING);
  entry_tell (self);
  return TRUE;
}

void
fel_sign_in_cancel (FelSignIn *public, const char *why)
{
  Entry *self = (Entry *) public;

  if (self->done != NULL && !self->answered)
    entry_answer (self, g_error_new_literal (FEL_ERROR, FEL_ERROR_CANCELLED, why));
}

void
fel_sign_in_end (FelSignIn *public)
{
  if (public != NULL)
    g_ptr_array_remove_fast (((Entry *) public)->all->entries, public);
}
