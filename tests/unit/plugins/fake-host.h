/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A host that writes down what a backend says, in the order in which it says it, one line for each call:
 * `id=7\nport=5432\nsharded=true\nsecret=x\n`. A string that is NULL or empty counts as not sent, as with the real host.
 * Owned by the test. */
#pragma once

#include <glib.h>

#include "felucca-backend.h"
#include "http.h"

struct FelOut
{
  GString *said;
  int failure; /* of the last fail(); 0: there was none */
  char *sentence;
  guint n_fails;
};

extern const FelHost fake_host;

FelOut *fake_out_new (void);
void fake_out_free (FelOut *self); /* (nullable) */

/* A complete answer with this body. */
FelHttpAnswer *fake_answer_new (guint status, const char *body);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelOut, fake_out_free)
