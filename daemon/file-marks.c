/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "file-marks.h"

#include <sys/stat.h>

typedef struct
{
  char *path;
  gboolean exists;
  dev_t device;
  ino_t inode;
} Mark;

struct FelFileMarks
{
  GArray *marks;
};

static Mark
look (const char *path)
{
  struct stat st;

  if (stat (path, &st) < 0 || S_ISSOCK (st.st_mode)) /* connecting needs no rule */
    return (Mark){ .exists = FALSE };
  return (Mark){ .exists = TRUE, .device = st.st_dev, .inode = st.st_ino };
}

static void
mark_clear (void *mark)
{
  g_free (((Mark *) mark)->path);
}

FelFileMarks *
fel_file_marks_new (void)
{
  FelFileMarks *self = g_new0 (FelFileMarks, 1);

  self->marks = g_array_new (FALSE, FALSE, sizeof (Mark));
  g_array_set_clear_func (self->marks, mark_clear);
  return self;
}

void
fel_file_marks_free (FelFileMarks *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->marks);
  g_free (self);
}

void
fel_file_marks_add (FelFileMarks *self, const char *path)
{
  Mark mark = look (path);

  mark.path = g_strdup (path);
  g_array_append_val (self->marks, mark);
}

const char *
fel_file_marks_find_changed (const FelFileMarks *self)
{
  for (guint i = 0; self != NULL && i < self->marks->len; i++)
    {
      const Mark *then = &g_array_index (self->marks, Mark, i);
      Mark now = look (then->path);

      /* What has gone is missed by nobody who could have it. */
      if (now.exists && (!then->exists || now.device != then->device || now.inode != then->inode))
        return then->path;
    }
  return NULL;
}
