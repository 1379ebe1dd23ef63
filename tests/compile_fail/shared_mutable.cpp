// expect: cannot send a shared_ptr or weak_ptr to what can change
// expect: Send a shared_ptr<const T>, or a unique_ptr<T>
// expect: member<.*board.*game>
#include <joist/joist.hpp>

struct game {
  std::shared_ptr<int> board;
};

void wrong(joist::pid to) { joist::send(to, game{std::make_shared<int>(1)}); }
