// web/http/beast_parser.hpp: Boost.Beast's parser, writing into what we keep: no copy of the head in Beast's own containers.
// Included by request_reader.cpp alone: Beast stays out of other translation units.
#pragma once

#include <joist/web/request.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "web/http/request_reader.hpp"

namespace joist::inline v0::web::http {

class request_reader::parser final : public boost::beast::http::basic_parser<true> {
 public:
  explicit parser(const request_limits& limits) : most_extension_bytes_{limits.chunk_extension_bytes} {
    header_limit(static_cast<std::uint32_t>(limits.head_bytes + 1));
    body_limit(limits.body_bytes);
  }

  /// Bytes that begin where the last ones ended. Without an error, all of them are used, but for those behind a piece of the
  /// body.
  std::size_t put_text(std::string_view text, boost::beast::error_code& ec) {
    return put(boost::asio::const_buffer{text.data(), text.size()}, ec);
  }

  request_parts parts;           // filled until the head is done
  std::uint64_t chunk_size = 0;  // of the chunk whose line was put last
  std::string_view body;         // of the bytes put last

 private:
  using error_code = boost::beast::error_code;
  using view_of_beast = boost::beast::string_view;

  static std::string_view view(view_of_beast t) noexcept { return {t.data(), t.size()}; }

  void on_request_impl(boost::beast::http::verb, view_of_beast method, view_of_beast target, int version,
                       error_code&) override {
    parts.method = view(method);
    parts.target = view(target);
    parts.version = version == 11 ? http_version::http_1_1 : http_version::http_1_0;
  }
  void on_response_impl(int, view_of_beast, int, error_code&) override {}
  // Fields of a trailer come here as well. They are checked, and not kept: nothing of a request is decided behind its body.
  void on_field_impl(boost::beast::http::field, view_of_beast name, view_of_beast value, error_code&) override {
    if (!head_done_) parts.fields.add(view(name), view(value));
  }
  void on_header_impl(error_code&) override { head_done_ = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(view_of_beast piece, error_code&) override { return piece.size(); }
  void on_chunk_header_impl(std::uint64_t size, view_of_beast extensions, error_code& ec) override {
    chunk_size = size;
    extension_bytes_ += extensions.size();
    if (extension_bytes_ > most_extension_bytes_) ec = boost::beast::http::error::bad_chunk_extension;
  }
  std::size_t on_chunk_body_impl(std::uint64_t, view_of_beast piece, error_code&) override {
    body = view(piece);
    return piece.size();
  }
  void on_finish_impl(error_code&) override {}

  std::size_t most_extension_bytes_;
  std::size_t extension_bytes_ = 0;
  bool head_done_ = false;
};

}  // namespace joist::inline v0::web::http
