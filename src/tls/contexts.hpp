// tls/contexts.hpp: what contexts hold.
//
// A server's is exchanged by reload() and replace(): each connection keeps the one that it began with, a snapshot that does
// not change any more.
#pragma once

#include <joist/tls/context.hpp>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tls/host_names.hpp"
#include "tls/openssl.hpp"

namespace joist::inline v0::tls {
namespace detail {

struct server_snapshot {
  std::vector<ssl_ctx_ptr> of_certificates;  // one for each; OpenSSL's callbacks point here
  host_names hosts;
  std::string alpn;
  bool gives_tickets = true;
};

}  // namespace detail

struct server_context::state {
  explicit state(server_options o);

  [[nodiscard]] std::shared_ptr<const detail::server_snapshot> current() const {
    const std::scoped_lock lock{mutex};
    return snapshot;
  }
  /// The holder of `changing` calls it.
  [[nodiscard]] result<void, std::string> change(server_options to);

  std::mutex changing;  // one change at a time; taken before `mutex`
  mutable std::mutex mutex;
  server_options options;                                   // under `changing`
  std::shared_ptr<const detail::server_snapshot> snapshot;  // under `mutex`
};

struct client_context::state {
  detail::ssl_ctx_ptr context;
};

}  // namespace joist::inline v0::tls
