import COpenSSL

/// Algorithms of libcrypto, fetched once: looking one up by its name costs more than the hashing of
/// a packet does. Immutable from then on, and shared between threads, which EVP_MD_fetch(3) allows.
/// Nil where the machine's OpenSSL does without one.
enum Algorithm {
  nonisolated(unsafe) static let sha1 = EVP_MD_fetch(nil, "SHA1", nil)
  nonisolated(unsafe) static let sha256 = EVP_MD_fetch(nil, "SHA256", nil)
  nonisolated(unsafe) static let aes128CBC = EVP_CIPHER_fetch(nil, "AES-128-CBC", nil)
}
