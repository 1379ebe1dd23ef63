// Where a request came from, and how: beside request.cpp, which knows no sockets.
#include <joist/net/stream.hpp>
#include <joist/tls/stream.hpp>
#include <joist/web/request.hpp>

namespace joist::inline v0::web {

const net::endpoint& request::remote() const {
  if (connection_ != nullptr && remote_.family() == net::endpoint::family::none) remote_ = connection_->peer();
  return remote_;
}

std::optional<tls::connection_info> request::security() const {
  return connection_ == nullptr ? std::nullopt : tls::info(*connection_);
}

}  // namespace joist::inline v0::web
