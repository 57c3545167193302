// opened_file.hpp - delivered objects that are encrypted.
#pragma once
#include <string>
#include <vector>

#include "api/recv/unpack_stream.hpp"
#include "sign/ed25519.hpp"

namespace dcdn::api {

/// What the content of an encrypted object begins with is in this file.
bool is_sealed_file(const std::string& path);

/// Decrypts the encrypted object that was delivered as `path`, unpacks it into options.directory and removes
/// `path`. If that fails, `path` stays. `tap` gives the directory and what may be in it. error as
/// ContentOpener's; nothing: what was encrypted is no chunk stream and has no name.
Result<RecvReport> unpack_sealed_file(const RecvOptions& options, ProgressSink& progress,
                                      const std::string& path, std::vector<sign::SecretKey> keys,
                                      const UnpackTap& tap);

}  // namespace dcdn::api
