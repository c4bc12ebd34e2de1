// Sockets that carry whole packets, and filters on sockets: what Swift's Glibc module cannot
// import. No policy here.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

// One instruction of a classic BPF program: struct sock_filter of linux/filter.h.
struct netlab_filter_instruction {
  uint16_t code;
  uint8_t jump_true;
  uint8_t jump_false;
  uint32_t operand;
};

// SO_ATTACH_FILTER. -1 and errno on failure.
int netlab_filter_attach(
  int descriptor, const struct netlab_filter_instruction *program, uint16_t count);

// SO_DETACH_FILTER; ENOENT when there is none.
int netlab_filter_detach(int descriptor);

// socket(AF_INET or AF_INET6, SOCK_RAW, IPPROTO_RAW), header included, closed on exec,
// non-blocking, with a send buffer of `buffer` octets where that is allowed.
int netlab_raw_socket(int family, int buffer);

// socket(AF_PACKET, SOCK_RAW) bound to an interface, receiving nothing; otherwise the same.
int netlab_link_socket(int interface_index, int buffer);

// Packets that one call of netlab_send_many takes.
#define NETLAB_SEND_MANY 64

// sendmmsg(2): `count` packets, packet n at octets + n * stride, lengths[n] octets long. All go to
// `to`, or to where the socket is bound when it is null. How many went out, or -1 and errno.
int netlab_send_many(
  int descriptor, const void *octets, size_t stride, const uint32_t *lengths, int count,
  const void *to, socklen_t to_length);

// The destination of a frame sent by a link socket: struct sockaddr_ll in `storage` (at least 20
// octets). `protocol` is an EtherType in host byte order. The structure's length.
socklen_t netlab_link_destination(
  void *storage, int interface_index, uint16_t protocol, const uint8_t *address);

// A ring of `slots` frames of 2048 octets for sending (TPACKET_V2), mapped into memory.
// `skip_queue`: PACKET_QDISC_BYPASS. Null and errno on failure.
uint8_t *netlab_ring_open(int descriptor, uint32_t slots, int skip_queue);
void netlab_ring_close(uint8_t *ring, uint32_t slots);
// Where the frame of a slot begins, or null while the kernel still has it; octets for a frame.
uint8_t *netlab_ring_slot(uint8_t *ring, uint32_t slot);
#define NETLAB_RING_FRAME (2048 - 48)
// Hands a slot to the kernel; netlab_ring_kick makes it send.
void netlab_ring_commit(uint8_t *ring, uint32_t slot, uint32_t length);
// 0, or -1 and errno; with `wait` it returns when the kernel has sent all.
int netlab_ring_kick(int descriptor, int wait);

// The MTU of an interface, or -1 and errno. SIOCGIFMTU.
int netlab_interface_mtu(const char *name);
// The link address: its first 6 octets. -1 and errno on failure. SIOCGIFHWADDR.
int netlab_interface_link_address(const char *name, uint8_t address[6]);
// The driver's name ("veth"), at most `size` - 1 letters. -1 and errno on failure. ETHTOOL_GDRVINFO.
int netlab_interface_driver(const char *name, char *driver, size_t size);
