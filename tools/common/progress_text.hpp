// progress_text.hpp - the layout of progress, as pure functions: text in, text out, no terminal.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/fields.hpp"
#include "dcdn/progress.hpp"

namespace dcdn::tool {

/// Columns `text` takes on a terminal: UTF-8 code points, wide ones (East Asian, emoji) count 2, combining
/// ones 0.
int display_width(std::string_view text);
/// Cut to `width` columns, with "..." in the middle when something was left out.
std::string shorten(std::string_view text, int width);
/// The lines a terminal of `width` columns shows; none is wider than width - 1. One per active object, then
/// one for the whole.
std::vector<std::string> progress_bar(const Progress& progress, int width);
/// One line for a log.
std::string progress_line(const Progress& progress);
/// " in 2m16s at 1.6 Mbit/s", for the end of a summary: `carried` is what the link carried of the content.
/// Empty if nothing moved.
std::string speed_text(double carried_bytes, double seconds);
/// The fields of a JSON `status` object.
Fields progress_json(const Progress& progress);

}  // namespace dcdn::tool
