// opened_file.hpp - files whose content is encrypted, as they were delivered, and what is in them.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "pipeline/sealed_content.hpp"
#include "work/thread.hpp"

namespace dcdn::sink {

/// Whether it begins as the content of an encrypted object does.
bool is_sealed_file(const std::string& path);
/// Whether what is encrypted in it is a chunk stream. error as ContentOpener's, as far as it was read.
Result<bool> holds_stream(const std::string& path, const std::vector<sign::SecretKey>& keys);

/// Decrypts a file on a thread of its own into a pipe.
class OpenedPipe {
 public:
  static Result<std::unique_ptr<OpenedPipe>> start(const std::string& path,
                                                   std::vector<sign::SecretKey> keys);
  ~OpenedPipe() { (void)finish(); }
  OpenedPipe(const OpenedPipe&) = delete;
  OpenedPipe& operator=(const OpenedPipe&) = delete;

  /// Where what was encrypted is read; it ends early when the decrypting fails, which finish() tells.
  [[nodiscard]] int fd() const { return read_.get(); }
  /// Closes fd() and waits for the thread. error as ContentOpener's; io; closed_pipe: not all of it was read.
  Result<void> finish();

 private:
  OpenedPipe() = default;
  void run(const std::string& path, std::vector<sign::SecretKey> keys, UniqueFd out);

  UniqueFd read_;
  Result<void> result_;  // of the thread; read after it ended
  work::Thread thread_;
};

}  // namespace dcdn::sink
