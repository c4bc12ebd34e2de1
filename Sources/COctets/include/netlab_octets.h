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

/// 32 octets to leave out, and 32 to keep.
static const uint8_t netlab_last_octets[64] = {
    [32] = 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

/// The sum of the last `count` octets before `end`, 31 at most, as halves of 32 bits of the 32 octets that
/// stand there, in the machine's byte order. Those in front of them are masked, and nothing is asked: how
/// many octets are left over nobody can predict.
static inline uint64_t netlab_sum_of_last(const void *end, ptrdiff_t count) {
  const uint8_t *octets = (const uint8_t *)end - 32;
#if defined(__SSE2__)
  const uint8_t *mask = netlab_last_octets + count;
  const __m128i first = _mm_and_si128(
      _mm_loadu_si128((const __m128i *)octets), _mm_loadu_si128((const __m128i *)mask));
  const __m128i second = _mm_and_si128(
      _mm_loadu_si128((const __m128i *)(octets + 16)),
      _mm_loadu_si128((const __m128i *)(mask + 16)));
  const __m128i lower = _mm_set1_epi64x(0xffffffff);
  const __m128i sums = _mm_add_epi64(
      _mm_add_epi64(_mm_and_si128(first, lower), _mm_srli_epi64(first, 32)),
      _mm_add_epi64(_mm_and_si128(second, lower), _mm_srli_epi64(second, 32)));
  return (uint64_t)_mm_cvtsi128_si64(_mm_add_epi64(sums, _mm_unpackhi_epi64(sums, sums)));
#else
  uint64_t sum = 0;
  for (int at = 0; at < 32; at += 4) {
    uint32_t half, mask;
    memcpy(&half, octets + at, 4);
    memcpy(&mask, netlab_last_octets + count + at, 4);
    sum += half & mask;
  }
  return sum;
#endif
}

/// The first place of `octet` among `count` octets; `count` when it is not there.
static inline ptrdiff_t netlab_find_octet(const void *octets, uint8_t octet, ptrdiff_t count) {
  const void *found = memchr(octets, octet, (size_t)count);
  return found ? (const uint8_t *)found - (const uint8_t *)octets : count;
}

#endif
