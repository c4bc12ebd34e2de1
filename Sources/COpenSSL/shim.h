// What netlab takes from OpenSSL: digests, HMAC, ciphers and random bytes of libcrypto.
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
