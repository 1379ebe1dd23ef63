// A chat for the official Phoenix client: rooms, who is here, who is typing, what was said, other instances over Redis or
// NATS. room.hpp is what a room does, history.hpp what it remembers, service.hpp what runs, static/ the page. scripts/chat
// builds and starts it.
//
//   chat [--port 4000 | --at 0.0.0.0:4000] [--redis redis://127.0.0.1 | --nats nats://127.0.0.1]
#include <joist/joist.hpp>
#include <joist/otp/application.hpp>
#include <joist/web/server.hpp>

#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>

#include "nodes.hpp"
#include "service.hpp"

namespace {

struct flags {
  joist::environment::settings settings;
  std::string nodes;
};

flags read(int count, char** words) {
  flags all;
  for (int i = 1; i < count; i += 2) {
    const std::string_view flag = words[i];
    if (i + 1 == count) throw std::runtime_error{fmt::format("expected a value behind {}", flag)};
    const std::string value = words[i + 1];
    if (flag == "--port") {
      all.settings["at"] = "127.0.0.1:" + value;
    } else if (flag == "--at") {
      all.settings["at"] = value;
    } else if (flag == "--redis" || flag == "--nats") {
      all.nodes = value;
    } else {
      throw std::runtime_error{fmt::format("expected --port, --at, --redis or --nats, got {}", flag)};
    }
  }
  return all;
}

void tell(std::string_view, const joist::environment&) {
  const auto at = joist::net::server_ref{*joist::whereis("web")}.local();
  fmt::print("the chat is at http://{}\n", at.to_string());
  std::fflush(stdout);
}

}  // namespace

int main(int count, char** words) try {
  const flags given = read(count, words);
  joist::application chat = chat::service(chat::join_nodes(given.nodes));
  chat.phases = {"tell"};
  chat.start_phase = tell;
  joist::application_options options;
  options.settings["chat"] = given.settings;
  return joist::run_applications({chat}, options);
} catch (const std::exception& e) {
  fmt::print(stderr, "chat: {}\n", e.what());
  return 2;
}
