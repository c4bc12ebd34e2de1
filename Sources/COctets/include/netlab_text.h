// Numbers and IPv4 addresses as text.
//
// In C and not in Swift, whose vectors have no product that keeps the upper halves, and which would ask at
// each use whether the tables have been made, and copy them (Swift 6.3.1): these the compiler makes.
#ifndef NETLAB_TEXT_H
#define NETLAB_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/// The eight decimal digits of a number below 100 000 000, the first in the lowest octet, as values and
/// not characters. All eight come out of the same few multiplications, side by side: a product with the
/// reciprocal divides, exactly for numbers of these sizes.
static inline uint64_t netlab_eight_digits(uint32_t number) {
  const uint32_t upper = (uint32_t)((uint64_t)number * 3518437209u >> 45);  // by 10 000
  const uint32_t lower = number - upper * 10000;
#if defined(__SSE2__)
  // Four times the upper half, and four times the lower, each a word of 16 bits.
  __m128i halves = _mm_cvtsi32_si128((int)(upper | lower << 16));
  halves = _mm_unpacklo_epi16(halves, halves);
  halves = _mm_shuffle_epi32(halves, 0x50);
  // By 1000, 100, 10 and 1: four times the half, times the reciprocal in 2**-25, -21, -19 and -17.
  const __m128i reciprocals =
      _mm_setr_epi16(8389, 5243, 13108, -0x8000, 8389, 5243, 13108, -0x8000);
  const __m128i shifts =
      _mm_setr_epi16(1 << 7, 1 << 11, 1 << 13, -0x8000, 1 << 7, 1 << 11, 1 << 13, -0x8000);
  const __m128i quotients =
      _mm_mulhi_epu16(_mm_mulhi_epu16(_mm_slli_epi16(halves, 2), reciprocals), shifts);
  // Each less ten times the one before it is a digit.
  const __m128i tens = _mm_mullo_epi16(_mm_slli_epi64(quotients, 16), _mm_set1_epi16(10));
  const __m128i digits = _mm_sub_epi16(quotients, tens);
  return (uint64_t)_mm_cvtsi128_si64(_mm_packus_epi16(digits, digits));
#else
  const uint64_t halves = upper | (uint64_t)lower << 32;
  const uint64_t hundreds = (halves * 5243 >> 19) & 0x0000007f0000007f;  // by 100
  const uint64_t pairs = hundreds | (halves - hundreds * 100) << 16;
  const uint64_t tens = (pairs * 103 >> 10) & 0x000f000f000f000f;  // by 10
  return tens | (pairs - tens * 10) << 8;
#endif
}

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
