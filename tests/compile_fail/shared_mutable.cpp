// expect: shares_what_can_change__send_a_unique_ptr_or_a_shared_ptr_to_const
#include <joist/joist.hpp>

void wrong(joist::pid to) { joist::send(to, std::make_shared<int>(1)); }
