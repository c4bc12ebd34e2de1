// IPv4 addresses as text.
//
// In C and not in Swift, which would ask at each use whether the tables have been made, and copy them
// (Swift 6.3.1): these the compiler makes.
#ifndef NETLAB_DOTTED_H
#define NETLAB_DOTTED_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

// 0 to 255 in decimal, each with a dot behind it, the first character in the lowest octet.
#define NETLAB_DIGIT(n) ((uint32_t)'0' + (n) % 10)
#define NETLAB_TEXT(n) \
  ((n) < 10 ? 0x2e00u | NETLAB_DIGIT(n) \
   : (n) < 100 ? 0x2e0000u | NETLAB_DIGIT(n) << 8 | NETLAB_DIGIT((n) / 10) \
   : 0x2e000000u | NETLAB_DIGIT(n) << 16 | NETLAB_DIGIT((n) / 10) << 8 | NETLAB_DIGIT((n) / 100))
#define NETLAB_LENGTH(n) ((n) < 10 ? 2 : (n) < 100 ? 3 : 4)
#define NETLAB_4(of, n) of(n), of((n) + 1), of((n) + 2), of((n) + 3)
#define NETLAB_16(of, n) \
  NETLAB_4(of, n), NETLAB_4(of, (n) + 4), NETLAB_4(of, (n) + 8), NETLAB_4(of, (n) + 12)
#define NETLAB_64(of, n) \
  NETLAB_16(of, n), NETLAB_16(of, (n) + 16), NETLAB_16(of, (n) + 32), NETLAB_16(of, (n) + 48)
#define NETLAB_256(of) \
  NETLAB_64(of, 0), NETLAB_64(of, 64), NETLAB_64(of, 128), NETLAB_64(of, 192)

static const uint32_t netlab_octet_texts[256] = {NETLAB_256(NETLAB_TEXT)};
static const uint8_t netlab_octet_lengths[256] = {NETLAB_256(NETLAB_LENGTH)};

/// Octets of an IPv4 address in dotted decimal.
static inline ptrdiff_t netlab_dotted_length(uint32_t address) {
  return netlab_octet_lengths[address >> 24] + netlab_octet_lengths[address >> 16 & 0xff] +
         netlab_octet_lengths[address >> 8 & 0xff] + netlab_octet_lengths[address & 0xff] - 1;
}

/// Writes the four octets of an IPv4 address in dotted decimal, sixteen octets at most, and returns the
/// place behind them.
static inline void *netlab_write_dotted(uint32_t address, void *place) {
  uint8_t *at = place;
  for (int shift = 24; shift >= 0; shift -= 8) {
    const uint8_t octet = (uint8_t)(address >> shift);
    uint32_t text = netlab_octet_texts[octet];
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    text = __builtin_bswap32(text);
#endif
    memcpy(at, &text, 4);
    at += netlab_octet_lengths[octet];
  }
  // No dot behind the last.
  return at - 1;
}

#endif
