#include "wire/left_out.hpp"

namespace dcdn::wire {

LeftOutReason reason_of(Errc code) {
  switch (code) {
    case Errc::permission:
      return LeftOutReason::permission;
    case Errc::changed:
      return LeftOutReason::changed;
    case Errc::limit:
      return LeftOutReason::limit;
    case Errc::not_found:
      return LeftOutReason::not_found;
    default:
      return LeftOutReason::io;
  }
}

Error error_of(LeftOutReason reason) {
  switch (reason) {
    case LeftOutReason::permission:
      return {Errc::permission, "its sender may not read it"};
    case LeftOutReason::changed:
      return {Errc::changed, "it changed or vanished while its sender read it"};
    case LeftOutReason::limit:
      return {Errc::limit, "something in it is nested too deep or has too long a path"};
    case LeftOutReason::not_found:
      return {Errc::not_found, "its sender was to send it and did not find it"};
    case LeftOutReason::io:
      break;
  }
  return {Errc::io, "its sender could not read it"};
}

}  // namespace dcdn::wire
