/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What all fuzz targets share: their entry points, and reading a fuzzer's bytes piece by piece. What the input does not
 * have any more is 0 or empty. A warning of GLib counts as a finding. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <glib.h>

typedef struct FuzzInput
{
  const uint8_t *at;
  const uint8_t *end;
} FuzzInput;

int LLVMFuzzerInitialize (int *argc, char ***argv);
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

gboolean fuzz_is_over (const FuzzInput *self);
guint8 fuzz_take_byte (FuzzInput *self);

/* Up to the next `end`, which is swallowed, or to the end of the input; a NUL follows it. */
char *fuzz_take_until (FuzzInput *self, char end, gsize *ret_len);

char *fuzz_take_string (FuzzInput *self); /* up to a NUL */

/* What a backend says to host->fail() must be a FelFailure, perhaps with MAYBE_MINTED, and one sentence. */
void fuzz_check_failure (int failure, const char *sentence);
