#include "web/websocket/accept_key.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

namespace joist::inline v0::web::ws {
namespace {

std::string base64(std::span<const unsigned char> bytes) {
  std::array<unsigned char, 4 * ((20 + 2) / 3) + 1> text{};  // of 20 bytes, and a NUL
  const int chars = ::EVP_EncodeBlock(text.data(), bytes.data(), static_cast<int>(bytes.size()));
  return {reinterpret_cast<const char*>(text.data()), static_cast<std::size_t>(chars)};
}

}  // namespace

std::string accept_key(std::string_view key) {
  std::string text{key};
  text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int bytes = 0;
  ::EVP_Digest(text.data(), text.size(), digest.data(), &bytes, ::EVP_sha1(), nullptr);
  return base64(std::span{digest}.first(bytes));
}

std::string make_key(std::span<const std::byte, 16> nonce) {
  return base64({reinterpret_cast<const unsigned char*>(nonce.data()), nonce.size()});
}

bool is_key(std::string_view key) noexcept {
  const auto is_base64 = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
  };
  constexpr std::string_view last{"AQgw"};  // four bits of the last byte that counts are none of its own
  return key.size() == 24 && key.ends_with("==") && std::all_of(key.begin(), key.end() - 2, is_base64) &&
         last.find(key[21]) != last.npos;
}

}  // namespace joist::inline v0::web::ws
