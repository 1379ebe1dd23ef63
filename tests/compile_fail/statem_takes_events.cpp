// expect: an event stays the machine's, which may postpone it: a handler takes it by value if it can be copied, else by
// reference
#include <joist/otp/gen_statem.hpp>

enum class door { open, closed };
struct greedy : joist::gen_statem<greedy, door> {
  struct box {
    std::unique_ptr<int> content;
  };
  greedy() : gen_statem(door::open) {}
  void handle_cast(in<door::open>, box);
};

void wrong(joist::server_ref<greedy> s) { s.cast(greedy::box{}); }
