// What runs, and what is served.
//
//   chat (application)       settings: at, pages, phoenix (CHAT_AT, CHAT_PAGES, CHAT_PHOENIX)
//     one_for_one: a crash of one leaves the others alone
//       "nodes"     the connection to other nodes, where there are any
//       "presence"  who is here
//       "history"   what was said
//       "web"       the page, and the sockets: a process for each client, and one for each room that it is in
#pragma once

#include <joist/otp/application.hpp>
#include <joist/pubsub/presence.hpp>
#include <joist/web/presence.hpp>
#include <joist/web/secure_headers.hpp>
#include <joist/web/server.hpp>
#include <joist/web/socket.hpp>
#include <joist/web/static_files.hpp>

#include <string>
#include <utility>
#include <vector>

#include "history.hpp"
#include "room.hpp"

namespace chat {

// [snippet: socket]
inline web::socket<user> sockets(const joist::pubsub& bus, const joist::presence& online) {
  web::socket<user> users{bus, {.max_message_bytes = 16 * 1024, .max_channels = 20, .messages_per_second = 20}};
  users.on_connect([](const web::request& in) { return user_of(in.query("name").value_or("")); });
  users.channel<room>("room:*", online);
  return users;
}
// [end]

/// `pages`: the folder of index.html; `phoenix`: that of phoenix.mjs.
inline web::handler serve(const joist::pubsub& bus, const joist::presence& online, const std::string& pages,
                          const std::string& phoenix) {
  web::router routes;
  sockets(bus, online).add_to(routes, "/socket");
  // No script runs, and nothing is loaded, but what comes from here.
  const web::secure_headers_options own_alone{
      .content_security_policy = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"};
  return web::pipeline({web::secure_headers(own_alone), web::static_files(pages),
                        web::static_files(phoenix, {.prefix = "/phoenix", .index = ""})},
                       routes);
}

// [snippet: application]
inline joist::application service(const joist::pubsub& bus) {
  joist::application a{"chat"};
  a.defaults = {{"at", "127.0.0.1:4000"}, {"pages", CHAT_PAGES}, {"phoenix", CHAT_PHOENIX}};
  a.start = [bus, online = joist::presence{bus, web::telling_clients(bus)}](
                const joist::environment& env) -> joist::supervisor_init {
    web::server_options serving{.at = joist::net::endpoint{env.get<std::string>("at")}};
    serving.name = "web";
    auto all = serve(bus, online, env.get<std::string>("pages"), env.get<std::string>("phoenix"));
    return {{},
            {joist::child_pubsub("nodes", bus), joist::child_presence("presence", online),
             joist::child<history>("history", joist::server_options{.name = "history"}, bus, history::limits{}),
             web::child_server("web", std::move(serving), std::move(all))}};
  };
  return a;
}
// [end]

}  // namespace chat
