#include "common/secrets.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>

namespace dcdn::tool {

void forbid_core_dumps() {
  const rlimit none{0, 0};
  (void)::setrlimit(RLIMIT_CORE, &none);
  // The limit does not hold for a core_pattern that names a program.
  (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

}  // namespace dcdn::tool
