/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which files stood under some names when the rules for files were made. A rule is about the file, not about its name: what
 * is there under it later is closed to this process, for good. Filled by main, then the broker's; main thread. */
#pragma once

#include <glib.h>

typedef struct FelFileMarks FelFileMarks;

FelFileMarks *fel_file_marks_new (void);
void fel_file_marks_free (FelFileMarks *self); /* (nullable) */

/* As it is now, links followed; that there is none, too. */
void fel_file_marks_add (FelFileMarks *self, const char *path);

/* The first name that stands for another file now. NULL: none does. (transfer none) */
const char *fel_file_marks_find_changed (const FelFileMarks *self /* (nullable) */);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelFileMarks, fel_file_marks_free)
