// expect: joist: a receive handler is called with the message alone: wrap the member function in a lambda
#include <joist/joist.hpp>

struct server {
  void on(int) {}
};

void run() { joist::receive(&server::on); }
