// record_columns.hpp - the records of a segment in columns, as dcdn-format(5), COLUMNS has them, and back.
#pragma once
#include "wire/manifest.hpp"

namespace dcdn::wire {

/// Before packing. Records that ManifestChecker would refuse give columns that parse_columns() refuses or
/// that mean something else. inside_file: they begin inside a file that an earlier segment left open.
Bytes encode_columns(const std::vector<Record>& records, bool inside_file);

/// error corrupt: not what an honest writer makes; unsupported: what a newer one may.
Result<std::vector<Record>> parse_columns(ByteView plain, bool inside_file);

}  // namespace dcdn::wire
