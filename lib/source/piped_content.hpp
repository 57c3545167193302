// piped_content.hpp - standard input as content: what was read of it already first, and a silence is an end
// of what can be sent for now.
#pragma once
#include <cstring>
#include <functional>

#include "source/input.hpp"
#include "source/object_packer.hpp"

namespace dcdn::source {

/// `request` and `stopped` outlive it.
class PipedContent {
 public:
  PipedContent(const PackRequest& request, const std::function<bool()>& stopped, const char* stopped_text)
      : request_(request), input_(request.input_fd, "standard input", {-1, stopped, stopped_text}) {}

  /// Reads until full, the end, or a silence of flush_after with something to flush: of this, or `unsent`.
  Result<std::size_t> fill(MutableByteView into, bool unsent) {
    std::size_t got = take_head(into);
    while (got < into.size()) {
      if ((unsent || got > 0) && request_.flush_after.count() > 0) {
        DCDN_TRY(const bool more, input_.wait_for(request_.flush_after));
        if (!more) break;
      }
      DCDN_TRY(const std::size_t part, input_.read(into.subspan(got)));
      if (part == 0) break;
      got += part;
    }
    return got;
  }
  [[nodiscard]] bool ended() const { return input_.ended(); }

 private:
  std::size_t take_head(MutableByteView into) {
    const std::size_t size = std::min(into.size(), request_.input_head.size() - head_used_);
    if (size > 0) std::memcpy(into.data(), request_.input_head.view().data() + head_used_, size);
    head_used_ += size;
    return size;
  }

  const PackRequest& request_;
  Input input_;
  std::size_t head_used_ = 0;
};

}  // namespace dcdn::source
