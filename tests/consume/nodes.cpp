// A component that brings others along: sockets, and TLS where it was built.
#include <joist/dist/nats.hpp>
#include <joist/dist/redis.hpp>

int main() { return joist::dist::redis()->name() == "redis" && joist::dist::nats()->name() == "nats" ? 0 : 1; }
