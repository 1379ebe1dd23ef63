// bench/load/descriptors.hpp: programs that open many connections.
#pragma once

#include <sys/resource.h>

namespace load {

/// As many descriptors as the system allows this program.
inline void raise_descriptor_limit() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

}  // namespace load
