/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a peer sends, taken from its socket one piece at a time: a line of the authentication, then whole messages, each
 * with its own descriptors. sd-bus alone would take messages of 128 MiB, and set the memory aside when it has seen the
 * first 16 bytes. */
#pragma once

#include <glib.h>

#define FEL_PEER_MESSAGE_MAX (64 * 1024) /* bytes, with its header */
#define FEL_PEER_FDS_MAX 4               /* in one message; SignIn takes two */
#define FEL_PEER_LINE_MAX 512            /* bytes of the authentication, with the line's end */
#define FEL_PEER_LINES_MAX 16

typedef struct FelPeerFrame
{
  guint8 *bytes; /* owned; erased before it is freed */
  gsize len;
  gsize need; /* how long it becomes, as far as is known */
  int fds[FEL_PEER_FDS_MAX];
  guint n_fds;
  guint n_lines;
  gboolean begun; /* the authentication is over */
} FelPeerFrame;

/* Reads what belongs to the piece under way and nothing beyond. 1: it is whole; 0: nothing more for now; else an errno:
 * -ENOTCONN at the end, -EMSGSIZE or -EMFILE over a limit, -EBADMSG for what makes no sense. */
int fel_peer_frame_read (FelPeerFrame *self, int fd);

/* Sends the whole piece to a socket and forgets it. */
int fel_peer_frame_pass (FelPeerFrame *self, int fd);

void fel_peer_frame_clear (FelPeerFrame *self);
