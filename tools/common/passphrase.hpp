// passphrase.hpp - gets the passphrase of a secret key: from a file descriptor or the terminal, never from
// argv or the environment.
#pragma once
#include <string>

#include "dcdn/result.hpp"
#include "dcdn/sign.hpp"

namespace dcdn::tool {

/// The first line of what is behind `fd`, without its end. error usage: not an open descriptor, or empty;
/// limit: over 1024 bytes.
Result<std::string> read_passphrase(int fd);
/// Asks for a new passphrase on the terminal, twice. error usage: they differ, it is empty, or there is no
/// terminal.
Result<std::string> ask_new_passphrase();
/// Fills in choice.passphrase if that key needs one: from `fd`, or from the terminal when fd is -1.
/// error untrusted: it needs one and there is nowhere to get it; and those of key_needs_passphrase.
Result<void> unlock(KeyChoice& choice, int fd);

}  // namespace dcdn::tool
