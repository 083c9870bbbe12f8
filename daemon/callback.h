/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The request with which a browser comes back from a sign-in (RFC 6749, section 4.1.2), and the page that it gets.
 * Reads what anybody on this machine may send: no I/O, no clock, nothing is guessed. Any thread. */
#pragma once

#include <glib.h>

#include "secret.h"

#define FEL_CALLBACK_PATH "/callback"
#define FEL_CALLBACK_HEAD_MAX 16384 /* browsers send along the cookies of everything that listens on localhost */

typedef enum
{
  FEL_CALLBACK_PARTIAL, /* the head is not there yet */
  FEL_CALLBACK_REFUSED, /* this is not the answer that is waited for */
  FEL_CALLBACK_CODE,
  FEL_CALLBACK_ERROR, /* the provider's answer is no */
} FelCallbackKind;

/* Untouched unless the kind says so. */
typedef struct FelCallback
{
  guint status;     /* REFUSED: of HTTP */
  FelSecret *code;  /* CODE: owned */
  GError *error;    /* ERROR: owned; a sentence */
  const char *said; /* ERROR: the same without the provider's words, for the page */
} FelCallback;

/* head: what came so far, at most FEL_CALLBACK_HEAD_MAX bytes; its query is decoded in place. */
FelCallbackKind fel_callback_read (char *head, gsize len, guint16 port, const char *state, FelCallback *ret);
void fel_callback_clear (FelCallback *self);

/* A whole answer. sentence: ours, never the provider's or the browser's. */
GString *fel_callback_page (guint status, const char *title, const char *sentence);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (FelCallback, fel_callback_clear)
