// expect: joist
#include <joist/otp/gen_server.hpp>

struct taker : joist::gen_server<taker> {
  struct lent {
    int* where;
  };
  void handle_cast(lent) {}
};

void wrong(joist::server_ref<taker> s, int* where) { s.cast(taker::lent{where}); }
