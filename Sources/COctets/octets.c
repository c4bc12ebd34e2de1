#include "netlab_dotted.h"
#include "netlab_octets.h"
#include "netlab_prefetch.h"
