/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The verbs, each in the file of its name: verb-create.c has fel_verb_create and nothing else that is public.
 * The list of them is in cli.c. */
#pragma once

#include "cli.h"

extern const FelVerb fel_verb_backends;
extern const FelVerb fel_verb_complete;
extern const FelVerb fel_verb_create;
extern const FelVerb fel_verb_get;
extern const FelVerb fel_verb_list;
extern const FelVerb fel_verb_prune;
extern const FelVerb fel_verb_revoke;
extern const FelVerb fel_verb_rotate;
extern const FelVerb fel_verb_run;
extern const FelVerb fel_verb_sign_in;
extern const FelVerb fel_verb_sign_out;
extern const FelVerb fel_verb_status;
extern const FelVerb fel_verb_unresolved;
