// web/http/beast_parser.hpp: Boost.Beast's parser, of which readers of messages take what they need: no copy of a head in
// Beast's own containers. Included by readers' sources alone: Beast stays out of other translation units.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

namespace joist::inline v0::web::http {

/// Takes everything, and keeps nothing. Its own limit of a head is ours to keep: readers count before they put.
template <bool is_request>
class silent_parser : public boost::beast::http::basic_parser<is_request> {
 public:
  silent_parser() { this->header_limit(std::numeric_limits<std::uint32_t>::max()); }

  /// Bytes that begin where the last ones ended. Without an error, all of them are used, but for those behind a piece of the
  /// body.
  std::size_t put_text(std::string_view text, boost::beast::error_code& ec) {
    return this->put(boost::asio::const_buffer{text.data(), text.size()}, ec);
  }

 protected:
  using error_code = boost::beast::error_code;
  using view_of_beast = boost::beast::string_view;

  static std::string_view view(view_of_beast t) noexcept { return {t.data(), t.size()}; }

  void on_request_impl(boost::beast::http::verb, view_of_beast, view_of_beast, int, error_code&) override {}
  void on_response_impl(int, view_of_beast, int, error_code&) override {}
  void on_field_impl(boost::beast::http::field, view_of_beast, view_of_beast, error_code&) override {}
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(view_of_beast piece, error_code&) override { return piece.size(); }
  void on_chunk_header_impl(std::uint64_t, view_of_beast, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, view_of_beast piece, error_code&) override { return piece.size(); }
  void on_finish_impl(error_code&) override {}
};

}  // namespace joist::inline v0::web::http
