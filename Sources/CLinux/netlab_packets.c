#define _GNU_SOURCE
#include "netlab_packets.h"

#include "interface_request.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

_Static_assert(
  sizeof(struct netlab_filter_instruction) == sizeof(struct sock_filter), "the kernel's layout");

int netlab_filter_attach(
  int descriptor, const struct netlab_filter_instruction *program, uint16_t count) {
  struct sock_fprog whole = {.len = count, .filter = (struct sock_filter *)program};
  return setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &whole, sizeof whole);
}

int netlab_filter_detach(int descriptor) {
  int ignored = 0;
  return setsockopt(descriptor, SOL_SOCKET, SO_DETACH_FILTER, &ignored, sizeof ignored);
}

static void set_send_buffer(int descriptor, int octets) {
  if (octets <= 0) return;
  // Beyond the system's limit where CAP_NET_ADMIN allows it.
  if (setsockopt(descriptor, SOL_SOCKET, SO_SNDBUFFORCE, &octets, sizeof octets) != 0)
    setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &octets, sizeof octets);
}

static int closed(int descriptor) {
  int saved = errno;
  close(descriptor);
  errno = saved;
  return -1;
}

int netlab_raw_socket(int family, int buffer) {
  int s = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);
  if (s < 0) return -1;
  int on = 1;
  // IPPROTO_RAW implies it on Linux for both families; IPv6 has the option since 4.5.
  if (family == AF_INET && setsockopt(s, IPPROTO_IP, IP_HDRINCL, &on, sizeof on) != 0)
    return closed(s);
  set_send_buffer(s, buffer);
  return s;
}

int netlab_link_socket(int interface_index, int buffer) {
  int s = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (s < 0) return -1;
  struct sockaddr_ll here = {.sll_family = AF_PACKET, .sll_ifindex = interface_index};
  if (bind(s, (struct sockaddr *)&here, sizeof here) != 0) return closed(s);
  set_send_buffer(s, buffer);
  return s;
}

int netlab_send_many(
  int descriptor, const void *octets, size_t stride, const uint32_t *lengths, int count,
  const void *to, socklen_t to_length) {
  struct mmsghdr messages[NETLAB_SEND_MANY];
  struct iovec parts[NETLAB_SEND_MANY];
  if (count > NETLAB_SEND_MANY) count = NETLAB_SEND_MANY;
  for (int i = 0; i < count; i++) {
    parts[i].iov_base = (char *)octets + (size_t)i * stride;
    parts[i].iov_len = lengths[i];
    messages[i].msg_hdr = (struct msghdr){
      .msg_name = (void *)to, .msg_namelen = to ? to_length : 0, .msg_iov = &parts[i],
      .msg_iovlen = 1};
    messages[i].msg_len = 0;
  }
  return sendmmsg(descriptor, messages, (unsigned)count, 0);
}

socklen_t netlab_link_destination(
  void *storage, int interface_index, uint16_t protocol, const uint8_t *address) {
  struct sockaddr_ll to;
  memset(&to, 0, sizeof to);
  to.sll_family = AF_PACKET;
  to.sll_protocol = htons(protocol);
  to.sll_ifindex = interface_index;
  to.sll_halen = 6;
  if (address) memcpy(to.sll_addr, address, 6);
  memcpy(storage, &to, sizeof to);
  return sizeof to;
}

enum { ring_frame = 2048, ring_block = 1 << 16 };

uint8_t *netlab_ring_open(int descriptor, uint32_t slots, int skip_queue) {
  int version = TPACKET_V2, on = 1;
  if (setsockopt(descriptor, SOL_PACKET, PACKET_VERSION, &version, sizeof version) != 0)
    return NULL;
  if (skip_queue && setsockopt(descriptor, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof on) != 0)
    return NULL;
  // A frame that the device does not take is dropped instead of blocking the ring for ever.
  setsockopt(descriptor, SOL_PACKET, PACKET_LOSS, &on, sizeof on);
  struct tpacket_req wanted = {
    .tp_block_size = ring_block, .tp_block_nr = slots / (ring_block / ring_frame),
    .tp_frame_size = ring_frame, .tp_frame_nr = slots};
  if (setsockopt(descriptor, SOL_PACKET, PACKET_TX_RING, &wanted, sizeof wanted) != 0) return NULL;
  void *ring = mmap(
    NULL, (size_t)slots * ring_frame, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  return ring == MAP_FAILED ? NULL : ring;
}

void netlab_ring_close(uint8_t *ring, uint32_t slots) { munmap(ring, (size_t)slots * ring_frame); }

uint8_t *netlab_ring_slot(uint8_t *ring, uint32_t slot) {
  struct tpacket2_hdr *header = (void *)(ring + (size_t)slot * ring_frame);
  uint32_t status = __atomic_load_n(&header->tp_status, __ATOMIC_ACQUIRE);
  if (status & (TP_STATUS_SEND_REQUEST | TP_STATUS_SENDING)) return NULL;
  return (uint8_t *)header + TPACKET2_HDRLEN - sizeof(struct sockaddr_ll);
}

void netlab_ring_commit(uint8_t *ring, uint32_t slot, uint32_t length) {
  struct tpacket2_hdr *header = (void *)(ring + (size_t)slot * ring_frame);
  header->tp_len = length;
  __atomic_store_n(&header->tp_status, TP_STATUS_SEND_REQUEST, __ATOMIC_RELEASE);
}

int netlab_ring_kick(int descriptor, int wait) {
  return send(descriptor, NULL, 0, wait ? 0 : MSG_DONTWAIT) < 0 ? -1 : 0;
}

int netlab_interface_mtu(const char *name) {
  struct ifreq r;
  memset(&r, 0, sizeof r);
  return netlab_interface_request(name, SIOCGIFMTU, &r) == 0 ? r.ifr_mtu : -1;
}

int netlab_interface_link_address(const char *name, uint8_t address[6]) {
  struct ifreq r;
  memset(&r, 0, sizeof r);
  if (netlab_interface_request(name, SIOCGIFHWADDR, &r) != 0) return -1;
  memcpy(address, r.ifr_hwaddr.sa_data, 6);
  return 0;
}

int netlab_interface_driver(const char *name, char *driver, size_t size) {
  struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
  struct ifreq r;
  memset(&r, 0, sizeof r);
  r.ifr_data = (void *)&info;
  if (size == 0 || netlab_interface_request(name, SIOCETHTOOL, &r) != 0) return -1;
  strncpy(driver, info.driver, size - 1);
  driver[size - 1] = 0;
  return 0;
}
