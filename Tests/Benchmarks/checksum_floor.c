// checksum_floor OCTETS COUNT: the RFC 1071 sum over so many octets, so often, in 32-bit words that
// the compiler turns into vectors: what ChecksumSpeed is measured against.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((noinline)) static uint64_t sum(const uint8_t *octets, size_t count) {
  uint64_t total = 0;
  size_t at = 0;
  for (; at + 4 <= count; at += 4) {
    uint32_t word;
    memcpy(&word, octets + at, 4);
    total += word;
  }
  for (; at < count; at++) total += (uint64_t)octets[at] << (at % 2 * 8);
  return total;
}

int main(int argc, char **argv) {
  if (argc != 3) return 64;
  size_t count = strtoul(argv[1], 0, 0), rounds = strtoul(argv[2], 0, 0);
  uint8_t *octets = malloc(count + 1);
  for (size_t i = 0; i < count; i++) octets[i] = i * 7 + (i >> 8);
  uint16_t sink = 0;
  for (size_t round = 0; round < rounds; round++) {
    if (count) octets[0] = round;
    uint64_t total = sum(octets, count);
    while (total >> 16) total = (total & 0xffff) + (total >> 16);
    sink += __builtin_bswap16(~total);
  }
  printf("%u\n", sink);
  return 0;
}
