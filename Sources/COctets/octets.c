#include "netlab_octets.h"
