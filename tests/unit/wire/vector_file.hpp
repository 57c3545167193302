// vector_file.hpp - a test vector as text: tests/vectors/wire/README.md has the format.
#pragma once
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <utility>

#include "base/text.hpp"
#include "dcdn/bytes.hpp"

namespace dcdn::wire {

struct VectorFile {
  std::string note;    ///< what it shows, one line
  std::string reads;   ///< stream, damaged-stream, object, segment, or the name of a message
  std::string expect;  ///< accept, corrupt, truncated, unsupported, bad_signature
  std::string result;  ///< of a reading: frames and damage, object id; may be empty
  Bytes body;
};

inline std::string to_text(const VectorFile& vector) {
  std::string text = "# " + vector.note + "\nreads: " + vector.reads + "\nexpect: " + vector.expect + "\n";
  if (!vector.result.empty()) text += "result: " + vector.result + "\n";
  text += "body:\n";
  const std::string hex = to_hex(vector.body);
  for (std::size_t at = 0; at < hex.size(); at += 64) text += hex.substr(at, 64) + "\n";
  return text;
}

/// nullopt if the text is not a vector.
inline std::optional<VectorFile> parse_vector(const std::string& text) {
  VectorFile vector;
  std::istringstream lines(text);
  std::string line, hex;
  bool in_body = false;
  while (std::getline(lines, line)) {
    if (in_body)
      hex += line;
    else if (line == "body:")
      in_body = true;
    else if (line.starts_with("# "))
      vector.note = line.substr(2);
    else if (line.starts_with("reads: "))
      vector.reads = line.substr(7);
    else if (line.starts_with("expect: "))
      vector.expect = line.substr(8);
    else if (line.starts_with("result: "))
      vector.result = line.substr(8);
    else
      return std::nullopt;
  }
  auto body = from_hex(hex, hex.size() / 2);
  if (!in_body || !body) return std::nullopt;
  vector.body = std::move(*body);
  return vector;
}

inline std::string file_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace dcdn::wire
