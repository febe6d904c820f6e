// SPDX-License-Identifier: Apache-2.0
// What Swift needs of Linux that it cannot import by itself.
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/types.h>

// The kernel ends this process (SIGTERM) when its parent ends, however that ends (prctl(2)).
static inline int chost_end_with_parent(void) {
  return prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
}

// Blocks below `mmap_bytes` come from the heaps, and each heap keeps up to `keep_bytes` of free memory at its
// end instead of handing them back (mallopt(3)).
static inline void chost_keep_freed_memory(int mmap_bytes, int keep_bytes) {
  mallopt(M_MMAP_THRESHOLD, mmap_bytes);
  mallopt(M_TRIM_THRESHOLD, keep_bytes);
}

// The effective user of the process at the other end of a local socket (unix(7), SO_PEERCRED).
// Returns 0 or an error number.
static inline int chost_peer_user(int socket, uid_t *user) {
  // struct ucred, which only _GNU_SOURCE declares.
  struct { pid_t process; uid_t user; gid_t group; } peer;
  socklen_t length = sizeof peer;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return errno;
  *user = peer.user;
  return 0;
}

// The ancillary data of one descriptor (cmsg(3)), aligned as a header must be.
union chost_one_descriptor {
  struct cmsghdr header;
  char bytes[CMSG_SPACE(sizeof(int))];
};

// Hands an open file to the other end of a local socket, beside one byte (unix(7), SCM_RIGHTS). Never waits.
// Returns 0 or an error number.
static inline int chost_send_file(int socket, int file) {
  union chost_one_descriptor control = {0};
  char byte = 'F';
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1,
                           .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof file);
  memcpy(CMSG_DATA(header), &file, sizeof file);
  while (sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
    if (errno != EINTR) return errno;
  return 0;
}

// Waits for an open file from the other end. `file` is -1 when it closed, or sent something else; more than one
// file cannot come: the kernel closes what the buffer has no room for.
// Returns 0 or an error number; EAGAIN when SO_RCVTIMEO is over.
static inline int chost_receive_file(int socket, int *file) {
  union chost_one_descriptor control = {0};
  char byte;
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1,
                           .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
  *file = -1;
  while (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) < 0)
    if (errno != EINTR) return errno;
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
      header->cmsg_len == CMSG_LEN(sizeof *file))
    memcpy(file, CMSG_DATA(header), sizeof *file);
  return 0;
}
