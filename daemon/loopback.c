/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "loopback.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef union
{
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
} Name;

typedef struct
{
  struct nlmsghdr header;
  struct inet_diag_req_v2 body;
} Question;

typedef struct
{
  struct nlmsghdr header;
  struct inet_diag_msg body;
  char rest[512]; /* attributes that were not asked for */
} Answer;

static void
put_name (const Name *name, __be32 address[4], __be16 *port)
{
  gboolean is_v4 = name->any.sa_family == AF_INET;

  *port = is_v4 ? name->v4.sin_port : name->v6.sin6_port;
  if (is_v4)
    memcpy (address, &name->v4.sin_addr, sizeof name->v4.sin_addr);
  else
    memcpy (address, &name->v6.sin6_addr, sizeof name->v6.sin6_addr);
}

/* The kernel answers before sendto() returns. */
static gboolean
ask (const Question *question, Answer *answer)
{
  struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
  int fd = socket (AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
  ssize_t n = -1;

  if (fd < 0)
    return FALSE;
  if (sendto (fd, question, sizeof *question, 0, (struct sockaddr *) &kernel, sizeof kernel) == sizeof *question)
    n = recv (fd, answer, sizeof *answer, 0);
  close (fd);
  return n >= (ssize_t) (sizeof answer->header + sizeof answer->body)
         && answer->header.nlmsg_type == SOCK_DIAG_BY_FAMILY;
}

/* The socket that calls itself `local` and is connected to `remote`. */
static gboolean
find_socket (const Name *local, const Name *remote, Answer *answer)
{
  Question question = {
    .header = { .nlmsg_len = sizeof question, .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST },
    .body = { .sdiag_family = (__u8) local->any.sa_family, .sdiag_protocol = IPPROTO_TCP, .idiag_states = ~0u },
  };
  struct inet_diag_sockid *id = &question.body.id;

  id->idiag_cookie[0] = id->idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  put_name (local, id->idiag_src, &id->idiag_sport);
  put_name (remote, id->idiag_dst, &id->idiag_dport);
  return ask (&question, answer);
}

gboolean
fel_loopback_is_foreign (GSocket *socket)
{
  int fd = g_socket_get_fd (socket);
  Name us = { 0 }, peer = { 0 };
  socklen_t us_len = sizeof us, peer_len = sizeof peer;
  Answer answer;

  if (getsockname (fd, &us.any, &us_len) < 0 || getpeername (fd, &peer.any, &peer_len) < 0)
    return TRUE; /* it has left */
  if (find_socket (&peer, &us, &answer))
    return answer.body.idiag_inode == 0 || answer.body.idiag_uid != getuid ();
  /* A kernel without sock_diag does not find our own end either. */
  return find_socket (&us, &peer, &answer);
}
