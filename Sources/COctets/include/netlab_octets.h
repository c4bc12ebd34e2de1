// Octets looked at sixteen at a time.
//
// In C and not in Swift, whose comparisons of vectors the compiler takes apart into single octets
// (Swift 6.3.1): these are nine instructions where Swift's are forty.
#ifndef NETLAB_OCTETS_H
#define NETLAB_OCTETS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/// One bit for each of the sixteen octets at `octets` that is a control character, DEL, or beyond
/// ASCII, the first octet lowest.
static inline uint32_t netlab_unclean_octets(const void *octets) {
#if defined(__SSE2__)
  const __m128i all = _mm_loadu_si128((const __m128i *)octets);
  // Compared with signs, everything beyond ASCII is less than a space too.
  const __m128i low = _mm_cmplt_epi8(all, _mm_set1_epi8(0x20));
  const __m128i del = _mm_cmpeq_epi8(all, _mm_set1_epi8(0x7f));
  return (uint32_t)_mm_movemask_epi8(_mm_or_si128(low, del));
#else
  uint32_t marks = 0;
  for (uint32_t at = 0; at < 16; at++) {
    const uint8_t octet = ((const uint8_t *)octets)[at];
    marks |= (uint32_t)(octet < 0x20 || octet >= 0x7f) << at;
  }
  return marks;
#endif
}

/// The same for octets at which a plain JSON string stops: quotes and backslashes besides.
static inline uint32_t netlab_string_stops(const void *octets) {
#if defined(__SSE2__)
  const __m128i all = _mm_loadu_si128((const __m128i *)octets);
  const __m128i low = _mm_cmplt_epi8(all, _mm_set1_epi8(0x20));
  const __m128i del = _mm_cmpeq_epi8(all, _mm_set1_epi8(0x7f));
  const __m128i quote = _mm_cmpeq_epi8(all, _mm_set1_epi8(0x22));
  const __m128i backslash = _mm_cmpeq_epi8(all, _mm_set1_epi8(0x5c));
  return (uint32_t)_mm_movemask_epi8(
      _mm_or_si128(_mm_or_si128(low, del), _mm_or_si128(quote, backslash)));
#else
  uint32_t marks = netlab_unclean_octets(octets);
  for (uint32_t at = 0; at < 16; at++) {
    const uint8_t octet = ((const uint8_t *)octets)[at];
    marks |= (uint32_t)(octet == 0x22 || octet == 0x5c) << at;
  }
  return marks;
#endif
}

/// The same for 64 octets.
static inline uint64_t netlab_string_stops_64(const void *octets) {
  const uint8_t *at = octets;
  return (uint64_t)netlab_string_stops(at) | (uint64_t)netlab_string_stops(at + 16) << 16 |
         (uint64_t)netlab_string_stops(at + 32) << 32 |
         (uint64_t)netlab_string_stops(at + 48) << 48;
}

// 0 to 255 in decimal, each with a dot behind it, the first character in the lowest octet. Tables made
// when the program is: Swift would ask at each use whether they have been made, and copy them.
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

/// Has the processor fetch what stands at `place`, which will be looked at soon. Reads nothing, so that
/// any address will do.
static inline void netlab_prefetch(const void *place) { __builtin_prefetch(place); }

/// The first place of `octet` among `count` octets; `count` when it is not there.
static inline ptrdiff_t netlab_find_octet(const void *octets, uint8_t octet, ptrdiff_t count) {
  const void *found = memchr(octets, octet, (size_t)count);
  return found ? (const uint8_t *)found - (const uint8_t *)octets : count;
}

#endif
