// expect: an argument of a start points at what somebody else has
#include <joist/otp/supervisor.hpp>

#include <span>

struct reader : joist::gen_server<reader> {
  explicit reader(std::span<const int> numbers);
};

void wrong(std::span<const int> numbers) { (void)joist::start<reader>(numbers); }
