// expect: an agent keeps text of its own
#include <joist/otp/agent.hpp>

void wrong(std::string_view text) { (void)joist::agent<std::string_view>::start(text); }
