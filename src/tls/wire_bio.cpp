#include "tls/wire_bio.hpp"

#include "tls/secure_layer.hpp"

namespace joist::inline v0::tls::detail {
namespace {

secure_layer& layer_of(BIO* bio) noexcept { return *static_cast<secure_layer*>(::BIO_get_data(bio)); }

int read_wire(BIO* bio, char* into, int bytes) noexcept {
  ::BIO_clear_retry_flags(bio);
  if (bytes <= 0) return 0;
  bool try_again = false;
  const int got = layer_of(bio).receive(std::as_writable_bytes(std::span{into, static_cast<std::size_t>(bytes)}), try_again);
  if (try_again) ::BIO_set_retry_read(bio);
  return got;
}

int write_wire(BIO* bio, const char* from, int bytes) noexcept {
  ::BIO_clear_retry_flags(bio);
  if (bytes <= 0) return 0;
  return layer_of(bio).take(std::as_bytes(std::span{from, static_cast<std::size_t>(bytes)})) ? bytes : -1;
}

long control_wire(BIO* bio, int command, long, void*) noexcept {
  switch (command) {
    case BIO_CTRL_FLUSH: return 1;
    case BIO_CTRL_EOF: return layer_of(bio).came_to_end() ? 1 : 0;
    default: return 0;
  }
}

// Of the whole program: it lives as long.
const BIO_METHOD* wire_method() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* m = ::BIO_meth_new(::BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "joist wire");
    if (m == nullptr) throw std::bad_alloc{};
    ::BIO_meth_set_read(m, &read_wire);
    ::BIO_meth_set_write(m, &write_wire);
    ::BIO_meth_set_ctrl(m, &control_wire);
    return m;
  }();
  return method;
}

}  // namespace

BIO* make_wire_bio(secure_layer& on) {
  bio_ptr bio = made(bio_ptr{::BIO_new(wire_method())});
  ::BIO_set_data(bio.get(), &on);
  ::BIO_set_init(bio.get(), 1);
  return bio.release();
}

}  // namespace joist::inline v0::tls::detail
