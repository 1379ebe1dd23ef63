// expect: joist: the answer to a call is, or converts to, the message's `reply`
#include <joist/otp/gen_server.hpp>

#include <string>

struct wordy : joist::gen_server<wordy> {
  struct count {
    using reply = int;
  };
  std::string handle_call(count) { return "two"; }
};

void wrong(joist::server_ref<wordy> server) { (void)server.call(wordy::count{}); }
