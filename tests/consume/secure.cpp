// What a component brings along is there for its users, and nothing of OpenSSL's has to be: no header of it is found by
// ours.
#include <joist/tls/server.hpp>
#include <joist/tls/stream.hpp>

int main() { return joist::tls::client_context::try_make({.dangerously_trust_any_server = true}) ? 0 : 1; }
