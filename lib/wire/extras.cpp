#include "wire/extras.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/byte_writer.hpp"

namespace dcdn::wire {

namespace {

enum ExtraKind : std::uint8_t { kOwner = 1, kAttribute = 2 };

Error corrupt(const char* what) {
  return {Errc::corrupt, what};
}

// Empty: that side knows no name.
bool is_owner_name(std::string_view name) {
  return name.empty() || is_extra_name(name);
}

void append_extra(Bytes& all, ExtraKind kind, const Bytes& bytes) {
  ByteWriter out(all);
  out.fixed(static_cast<std::uint8_t>(kind));
  out.varint(bytes.size());
  out.raw(bytes);
}

Result<Owner> parse_owner(ByteView bytes) {
  ByteReader in(bytes);
  const std::uint64_t uid = in.varint();
  const std::uint64_t gid = in.varint();
  Owner owner;
  owner.user = in.text(kMaxExtraName);
  owner.group = in.text(kMaxExtraName);
  if (!in.finished()) return corrupt("an owner is cut off, too long or not in its shortest form");
  if (uid >= kNoId || gid >= kNoId) return corrupt("an owner's number is out of range");
  if (!is_owner_name(owner.user) || !is_owner_name(owner.group))
    return corrupt("an owner's name has a NUL or a slash");
  owner.uid = static_cast<std::uint32_t>(uid);
  owner.gid = static_cast<std::uint32_t>(gid);
  return owner;
}

Result<Attribute> parse_attribute(ByteView bytes) {
  ByteReader in(bytes);
  Attribute attribute;
  attribute.name = in.text(kMaxExtraName);
  const ByteView value = in.raw(in.left());
  if (!in.ok()) return corrupt("an attribute is cut off or its name too long");
  if (!is_extra_name(attribute.name)) return corrupt("an attribute's name is empty, or has a NUL or a slash");
  attribute.value.assign(value.begin(), value.end());
  return attribute;
}

}  // namespace

bool is_kept(std::string_view attribute, KeptAttributes kept) {
  if (kept == KeptAttributes::none) return false;
  if (attribute.starts_with("user.") || attribute == "system.posix_acl_access" ||
      attribute == "system.posix_acl_default")
    return true;
  return kept == KeptAttributes::all &&
         (attribute.starts_with("security.") || attribute.starts_with("trusted."));
}

bool is_extra_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxExtraName && name.find('\0') == std::string_view::npos &&
         name.find('/') == std::string_view::npos;
}

Bytes encode_extras(const Extras& extras) {
  Bytes all;
  if (extras.owner) {
    Bytes bytes;
    ByteWriter out(bytes);
    out.varint(extras.owner->uid);
    out.varint(extras.owner->gid);
    out.text(extras.owner->user);
    out.text(extras.owner->group);
    append_extra(all, kOwner, bytes);
  }
  for (const Attribute& attribute : extras.attributes) {
    Bytes bytes;
    ByteWriter out(bytes);
    out.text(attribute.name);
    out.raw(attribute.value);
    append_extra(all, kAttribute, bytes);
  }
  return all;
}

Result<Extras> parse_extras(ByteView bytes) {
  if (bytes.size() > kMaxExtras)
    return Error(Errc::corrupt, fmt::format("{} bytes of owner and attributes, the limit of an entry is {}",
                                            bytes.size(), kMaxExtras));
  Extras extras;
  ByteReader in(bytes);
  while (in.left() > 0) {
    const auto kind = in.fixed<std::uint8_t>();
    const ByteView extra = in.prefixed(kMaxExtras);
    if (!in.ok()) return corrupt("an owner or attribute is cut off");
    if (kind == kOwner) {
      if (extras.owner || !extras.attributes.empty())
        return corrupt("an owner is a second one or out of order");
      DCDN_TRY(extras.owner, parse_owner(extra));
    } else if (kind == kAttribute) {
      DCDN_TRY(Attribute attribute, parse_attribute(extra));
      if (!extras.attributes.empty() && extras.attributes.back().name >= attribute.name)
        return corrupt("an attribute is repeated or out of order");
      extras.attributes.push_back(std::move(attribute));
    } else {
      return Error(Errc::unsupported, fmt::format("extra {} is not known to this version", kind))
          .with_hint("a newer dcdn may read it");
    }
  }
  return extras;
}

std::size_t extras_bytes(const Bytes& extras) {
  // The least extra has six bytes, and the greatest distance three.
  return extras.size() + extras.size() / 2;
}

void ExtrasColumnWriter::write(std::uint64_t entry, const Bytes& extras, Bytes& column) {
  ByteReader in(extras);
  while (in.left() > 0) {
    const std::size_t from = in.position();
    (void)in.fixed<std::uint8_t>();
    (void)in.prefixed(in.left());
    if (!in.ok()) return;  // encode_extras() makes no such thing
    ByteWriter out(column);
    out.varint(entry - std::exchange(last_entry_, entry));
    out.raw(ByteView(extras).subspan(from, in.position() - from));
  }
}

void ExtrasColumnReader::next(ByteReader& column) {
  next_entry_.reset();
  if (column.left() == 0 || !column.ok()) return;
  const std::uint64_t distance = column.varint();
  next_entry_ = distance > UINT64_MAX - last_entry_ ? UINT64_MAX : last_entry_ + distance;
  last_entry_ = *next_entry_;
}

Result<Bytes> ExtrasColumnReader::read(std::uint64_t entry, ByteReader& column) {
  Bytes extras;
  while (next_entry_ == entry) {
    Bytes head;
    ByteWriter out(head);
    out.fixed(column.fixed<std::uint8_t>());
    const ByteView bytes = column.prefixed(kMaxExtras);
    if (!column.ok()) return corrupt("an owner or attribute is cut off or too long");
    out.varint(bytes.size());
    if (extras.size() + head.size() + bytes.size() > kMaxExtras)
      return corrupt("an entry's owner and attributes are longer than the limit");
    extras.insert(extras.end(), head.begin(), head.end());
    extras.insert(extras.end(), bytes.begin(), bytes.end());
    next(column);
  }
  if (extras.empty()) return extras;
  DCDN_TRY(const Extras checked, parse_extras(extras));
  (void)checked;
  return extras;
}

}  // namespace dcdn::wire
