// expect: constraint
#include <joist/otp/gen_statem.hpp>

enum class door { open, closed };
enum class window { open, closed };
struct mixed : joist::gen_statem<mixed, door> {
  mixed() : gen_statem(door::open) {}
  void handle_cast(in<window::open>, int);
};
