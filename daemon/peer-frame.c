/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "peer-frame.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* D-Bus Specification, "Message Format": a fixed part of 16 bytes, ending in the length of the header's fields. */
#define FIXED_LEN 16
#define AT_VERSION 3
#define AT_BODY_LEN 4
#define AT_FIELDS_LEN 12

typedef union
{
  char bytes[CMSG_SPACE (sizeof (int) * FEL_PEER_FDS_MAX)];
  struct cmsghdr align;
} Control;

void
fel_peer_frame_clear (FelPeerFrame *self)
{
  if (self->bytes != NULL)
    explicit_bzero (self->bytes, self->len);
  g_clear_pointer (&self->bytes, g_free);
  for (guint i = 0; i < self->n_fds; i++)
    close (self->fds[i]);
  self->len = self->need = self->n_fds = 0;
}

/* The kernel gives us no more descriptors than there is room for. */
static int
frame_keep_fds (FelPeerFrame *self, struct msghdr *header)
{
  int r = (header->msg_flags & MSG_CTRUNC) != 0 ? -EMFILE : 0;

  for (struct cmsghdr *part = CMSG_FIRSTHDR (header); part != NULL; part = CMSG_NXTHDR (header, part))
    {
      int fds[FEL_PEER_FDS_MAX];
      guint n = (guint) ((part->cmsg_len - CMSG_LEN (0)) / sizeof (int));

      if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS || n > FEL_PEER_FDS_MAX)
        continue;
      memcpy (fds, CMSG_DATA (part), n * sizeof (int));
      for (guint i = 0; i < n; i++)
        {
          if (self->n_fds < FEL_PEER_FDS_MAX)
            {
              self->fds[self->n_fds++] = fds[i];
              continue;
            }
          close (fds[i]);
          r = -EMFILE;
        }
    }
  return r;
}

/* Up to `need`. 1: there; 0: nothing more for now. */
static int
frame_fill (FelPeerFrame *self, int fd)
{
  while (self->len < self->need)
    {
      Control control;
      struct iovec piece = { self->bytes + self->len, self->need - self->len };
      struct msghdr header
          = { .msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
      ssize_t n = recvmsg (fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

      if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
      if (frame_keep_fds (self, &header) < 0)
        return -EMFILE;
      if (n == 0)
        return -ENOTCONN;
      self->len += (gsize) n;
    }
  return 1;
}

/* sd-bus must not be past the authentication when we think that it is not: it says BEGIN in this way or not at all. */
static int
frame_judge_line (FelPeerFrame *self)
{
  static const char begin[] = "BEGIN\r\n";

  if (self->len < 2 || self->bytes[self->len - 2] != '\r' || ++self->n_lines > FEL_PEER_LINES_MAX)
    return -EBADMSG;
  self->begun = self->len == strlen (begin) && memcmp (self->bytes, begin, self->len) == 0;
  if (!self->begun && self->len > strlen ("BEGIN") && memcmp (self->bytes, begin, strlen ("BEGIN")) == 0)
    return -EBADMSG;
  return 1;
}

/* Behind the last line the first message may follow at once: looked at before it is taken. */
static int
frame_read_line (FelPeerFrame *self, int fd)
{
  for (;;)
    {
      guint8 ahead[FEL_PEER_LINE_MAX];
      const guint8 *end;
      ssize_t n;
      int r;

      if (self->len == FEL_PEER_LINE_MAX)
        return -EMSGSIZE;
      if (self->bytes == NULL)
        self->bytes = g_malloc (FEL_PEER_LINE_MAX);
      n = recv (fd, ahead, FEL_PEER_LINE_MAX - self->len, MSG_DONTWAIT | MSG_PEEK);
      if (n <= 0)
        return n == 0 ? -ENOTCONN : errno == EAGAIN || errno == EINTR ? 0 : -errno;
      end = memchr (ahead, '\n', (gsize) n);
      self->need = self->len + (end != NULL ? (gsize) (end - ahead) + 1 : (gsize) n);
      r = frame_fill (self, fd);
      if (r <= 0)
        return r;
      if (end != NULL)
        return frame_judge_line (self);
    }
}

static guint32
frame_number (const FelPeerFrame *self, gsize at)
{
  guint32 number;

  memcpy (&number, self->bytes + at, sizeof number);
  return self->bytes[0] == 'l' ? GUINT32_FROM_LE (number) : GUINT32_FROM_BE (number);
}

static int
frame_judge_header (FelPeerFrame *self)
{
  guint64 fields_len, body_len, need;

  /* The analyzer does not know that recvmsg has written them. */
  /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
  if ((self->bytes[0] != 'l' && self->bytes[0] != 'B') || self->bytes[AT_VERSION] != 1)
    return -EBADMSG;
  fields_len = frame_number (self, AT_FIELDS_LEN);
  body_len = frame_number (self, AT_BODY_LEN);
  need = FIXED_LEN + ((fields_len + 7) & ~(guint64) 7) + body_len;
  if (need > FEL_PEER_MESSAGE_MAX)
    return -EMSGSIZE;
  self->need = (gsize) need;
  self->bytes = g_realloc (self->bytes, self->need);
  return 1;
}

static int
frame_read_message (FelPeerFrame *self, int fd)
{
  int r;

  if (self->need == 0)
    {
      self->bytes = g_malloc (FIXED_LEN);
      self->need = FIXED_LEN;
    }
  r = frame_fill (self, fd);
  if (r > 0 && self->need == FIXED_LEN)
    {
      r = frame_judge_header (self);
      if (r > 0)
        r = frame_fill (self, fd);
    }
  return r;
}

int
fel_peer_frame_read (FelPeerFrame *self, int fd)
{
  return self->begun ? frame_read_message (self, fd) : frame_read_line (self, fd);
}

int
fel_peer_frame_pass (FelPeerFrame *self, int fd)
{
  Control control = { 0 };
  struct iovec piece = { self->bytes, self->len };
  struct msghdr header = { .msg_iov = &piece, .msg_iovlen = 1 };
  ssize_t n;
  int r;

  if (self->n_fds > 0)
    {
      header.msg_control = &control;
      header.msg_controllen = CMSG_SPACE (sizeof (int) * self->n_fds);
      control.align = (struct cmsghdr){ CMSG_LEN (sizeof (int) * self->n_fds), .cmsg_level = SOL_SOCKET,
                                        .cmsg_type = SCM_RIGHTS };
      memcpy (CMSG_DATA (&control.align), self->fds, sizeof (int) * self->n_fds);
    }
  n = sendmsg (fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
  r = n < 0 ? -errno : (gsize) n < self->len ? -EMSGSIZE : 0;
  fel_peer_frame_clear (self);
  return r;
}
