#define _GNU_SOURCE
#include "netlab_linux.h"

#include "interface_request.h"

#include <errno.h>
#include <linux/capability.h>
#include <net/if.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int netlab_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

void netlab_eventfd_signal(int descriptor) {
  int saved = errno;
  uint64_t one = 1;
  ssize_t written = write(descriptor, &one, sizeof one);
  (void)written;  // a full counter is as readable as one that counts
  errno = saved;
}

uint64_t netlab_eventfd_take(int descriptor) {
  uint64_t count = 0;
  return read(descriptor, &count, sizeof count) == sizeof count ? count : 0;
}

static volatile sig_atomic_t stop_descriptor = -1;

static void stop_handler(int signal_number) {
  (void)signal_number;
  if (stop_descriptor >= 0) netlab_eventfd_signal(stop_descriptor);
}

int netlab_stop_on_signal(int signal_number, int descriptor, int keep_ignored) {
  struct sigaction old;
  if (sigaction(signal_number, NULL, &old) != 0) return -1;
  if (keep_ignored && old.sa_handler == SIG_IGN) return 0;
  stop_descriptor = descriptor;
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = stop_handler;
  action.sa_flags = (int)(SA_RESTART | SA_RESETHAND);
  sigemptyset(&action.sa_mask);
  if (sigaction(signal_number, &action, NULL) != 0) return -1;
  // A parent may have blocked it: children inherit the mask of the thread that made them.
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, signal_number);
  return sigprocmask(SIG_UNBLOCK, &wanted, NULL);
}

int netlab_capabilities_get(uint64_t *effective, uint64_t *permitted, uint64_t *inheritable) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2];
  memset(data, 0, sizeof data);
  if (syscall(SYS_capget, &header, data) != 0) return -1;
  *effective = (uint64_t)data[1].effective << 32 | data[0].effective;
  *permitted = (uint64_t)data[1].permitted << 32 | data[0].permitted;
  *inheritable = (uint64_t)data[1].inheritable << 32 | data[0].inheritable;
  return 0;
}

int netlab_capabilities_drop(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2];
  memset(data, 0, sizeof data);
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  return (int)syscall(SYS_capset, &header, data);
}

int netlab_set_no_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }

int netlab_packet_socket(void) { return socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0); }

int netlab_interface_request(
  const char *name, unsigned long request, struct ifreq *answer) {
  int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (s < 0) return -1;
  strncpy(answer->ifr_name, name, IFNAMSIZ - 1);
  int result = ioctl(s, request, answer);
  int saved = errno;
  close(s);
  errno = saved;
  return result;
}

int netlab_interface_flags(const char *name) {
  struct ifreq r;
  memset(&r, 0, sizeof r);
  return netlab_interface_request(name, SIOCGIFFLAGS, &r) == 0 ? (int)(unsigned short)r.ifr_flags : -1;
}

int netlab_interface_set_up(const char *name, int up) {
  struct ifreq r;
  memset(&r, 0, sizeof r);
  if (netlab_interface_request(name, SIOCGIFFLAGS, &r) != 0) return -1;
  r.ifr_flags = (short)(up ? r.ifr_flags | IFF_UP : r.ifr_flags & ~IFF_UP);
  return netlab_interface_request(name, SIOCSIFFLAGS, &r);
}

int netlab_interface_hardware(const char *name) {
  struct ifreq r;
  memset(&r, 0, sizeof r);
  return netlab_interface_request(name, SIOCGIFHWADDR, &r) == 0 ? r.ifr_hwaddr.sa_family : -1;
}

int netlab_setresuid(uid_t real, uid_t effective, uid_t saved) {
  return setresuid(real, effective, saved);
}

int netlab_setresgid(gid_t real, gid_t effective, gid_t saved) {
  return setresgid(real, effective, saved);
}

int netlab_getresuid(uid_t *real, uid_t *effective, uid_t *saved) {
  return getresuid(real, effective, saved);
}
