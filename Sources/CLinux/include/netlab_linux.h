// What Swift's Glibc module cannot import: variadic calls, system calls without a wrapper, and
// headers outside its module map. No policy here; each function is one or two system calls.
#pragma once
#include <stdint.h>
#include <sys/types.h>

// eventfd(2), non-blocking and closed on exec. -1 and errno on failure.
int netlab_eventfd(void);

// Adds one to an eventfd. Safe in a signal handler; keeps errno.
void netlab_eventfd_signal(int descriptor);

// Takes the count out of an eventfd and sets it to zero; 0 when nobody signalled.
uint64_t netlab_eventfd_take(int descriptor);

// Makes the signal write to the eventfd, once: a second one has its default effect again, so that
// a program that does not come to its end can still be ended. With `keep_ignored`, a signal that
// the parent set to be ignored (nohup) stays ignored. -1 and errno on failure.
int netlab_stop_on_signal(int signal_number, int descriptor, int keep_ignored);

// The calling thread's capability sets as bit masks (bit n is capability n). capabilities(7).
int netlab_capabilities_get(uint64_t *effective, uint64_t *permitted, uint64_t *inheritable);

// Empties the calling thread's capability sets, ambient ones included.
int netlab_capabilities_drop(void);

// prctl(PR_SET_NO_NEW_PRIVS): executing a file never gives a privilege again.
int netlab_set_no_new_privileges(void);

// socket(AF_PACKET, SOCK_RAW) bound to nothing, receiving nothing: asks only whether one may.
int netlab_packet_socket(void);

// The flags (IFF_UP ...) of an interface, or -1 and errno. SIOCGIFFLAGS, needs no privilege.
int netlab_interface_flags(const char *name);

// Sets an interface up (1) or down (0). SIOCSIFFLAGS, needs CAP_NET_ADMIN.
int netlab_interface_set_up(const char *name, int up);

// The hardware type (ARPHRD_ETHER ...) of an interface, or -1 and errno. SIOCGIFHWADDR.
int netlab_interface_hardware(const char *name);

// setresuid(2) and setresgid(2), for every thread of the process; an id of -1 stays as it is.
int netlab_setresuid(uid_t real, uid_t effective, uid_t saved);
int netlab_setresgid(gid_t real, gid_t effective, gid_t saved);

// getresuid(2).
int netlab_getresuid(uid_t *real, uid_t *effective, uid_t *saved);
