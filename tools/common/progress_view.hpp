// progress_view.hpp - shows a running transfer: a bar that redraws, lines, JSON events, or nothing.
#pragma once
#include <memory>

#include "common/report.hpp"
#include "dcdn/progress.hpp"

namespace dcdn::tool {

/// Writes to standard error (JSON where Report sends it). Give it to dcdn::send or dcdn::recv; what it drew
/// is cleaned up when it is destroyed.
class ProgressView final : public ProgressSink {
 public:
  /// `verb`: what finished objects are called in lines: "sent", "received".
  ProgressView(Report& report, std::string verb);
  ~ProgressView() override;

  void on_progress(const Progress& progress) override;
  void on_object(const ObjectEnd& object) override;
  void on_left_out(const EntryLeftOut& entry) override;
  void on_note(int level, const std::string& text) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dcdn::tool
