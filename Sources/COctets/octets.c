#include "netlab_octets.h"
#include "netlab_prefetch.h"
#include "netlab_text.h"
