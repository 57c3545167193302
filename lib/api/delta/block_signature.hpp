// delta_signature.hpp - signatures as dcdn-delta makes and loads them.
#pragma once
#include "api/delta/delta_io.hpp"
#include "delta/compact_signature.hpp"
#include "delta/delta_search.hpp"
#include "digest/hasher.hpp"

namespace dcdn::api {

/// error usage: sizes out of range.
Result<delta::SignatureShape> choose_shape(const SignatureOptions& options,
                                           std::optional<std::uint64_t> size);

/// The sums of all blocks, without a header, to `take`. Returns the bytes read. `hasher` gets them as well,
/// unless it is null.
Result<std::uint64_t> sign_input(DeltaInput& input, const delta::SignatureShape& shape,
                                 const DeltaCommon& common, digest::Hasher* hasher,
                                 const delta::TakeBytes& take);

struct LoadedSignature {
  delta::SignatureTable table;
  std::optional<delta::FileId> basis;  ///< known from a compact one
  std::uint64_t bytes = 0;
};
/// rdiff's or compact. error corrupt.
Result<LoadedSignature> load_signature(DeltaInput& input);

/// Size and digest of a seekable input, which stands at its beginning before and after.
Result<delta::FileId> identify(DeltaInput& input);

struct SearchOutcome {
  delta::FileId target;
  delta::DeltaCounts counts;
  std::uint64_t delta_bytes = 0;
};
/// The delta of `input` to `take`.
Result<SearchOutcome> search_input(DeltaInput& input, const delta::SignatureTable& table,
                                   const DeltaCommon& common, bool trailer, const delta::TakeBytes& take);

}  // namespace dcdn::api
