// Within this target: asks the kernel something about an interface by its name.
#pragma once
#include <net/if.h>

// Fills in the name and makes the ioctl on a socket of its own. -1 and errno on failure.
__attribute__((visibility("hidden"))) int netlab_interface_request(
  const char *name, unsigned long request, struct ifreq *answer);
