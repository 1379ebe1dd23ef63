// expect: a state is compared with the next one
// expect: states are an enum class
// expect: enumerators of an enum class with values from 0 to 63
#include <joist/otp/gen_statem.hpp>

struct incomparable {};
struct one : joist::gen_statem<one, incomparable> {
  one() : gen_statem(incomparable{}) {}
};
enum loose { a, b };
struct two : joist::gen_statem<two, loose> {
  two() : gen_statem(a) {}
};
enum class far { away = 64 };
struct three : joist::gen_statem<three, far> {
  three() : gen_statem(far::away) {}
  void handle_cast(in<far::away>, int);
};
void wrong(joist::server_ref<three> s) { s.cast(1); }
