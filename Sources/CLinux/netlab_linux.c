#include "netlab_linux.h"
