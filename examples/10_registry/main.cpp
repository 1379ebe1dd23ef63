// Publish and subscribe: readers register under the topics they like, and who publishes sends to all that a topic has.
// Readers are found by their own names, in a registry of unique keys. Nobody keeps a list, and nobody takes the dead out.
#include <joist/joist.hpp>
#include <joist/otp/pg.hpp>
#include <joist/otp/registry.hpp>
#include <joist/otp/supervisor.hpp>

// [snippet: registries]
using topic_registry = joist::duplicate_registry<std::string>;  // a topic has many readers
using reader_registry = joist::unique_registry<std::string>;    // a name has one

struct article {
  std::string title;
};
// [end]

// [snippet: reader]
class reader : public joist::gen_server<reader> {
 public:
  struct titles {
    using reply = std::string;
  };
  using info_types = joist::type_list<article>;

  reader(const topic_registry& topics, const std::vector<std::string>& likes) {
    for (const std::string& topic : likes) topics.register_(topic);
  }
  void handle_info(article a) { titles_ += (titles_.empty() ? "" : ", ") + a.title; }
  std::string handle_call(titles) const { return titles_.empty() ? "nothing yet" : titles_; }

 private:
  std::string titles_;
};
// [end]

namespace {

// [snippet: publish]
void publish(const topic_registry& topics, const std::string& topic, const article& a) {
  topics.dispatch(topic, [&a](joist::pid subscriber) { joist::send(subscriber, a); });
}
// [end]

// [snippet: supervisor]
joist::supervisor_ref start_newspaper(const topic_registry& topics, const reader_registry& readers) {
  const auto named = [&readers](const char* name) { return joist::server_options{.via = joist::via(readers, name)}; };
  const std::vector<std::string> all{"weather", "chess"};
  const std::vector<std::string> some{"chess"};
  return joist::start_supervisor(
      {.strategy = joist::supervision::rest_for_one},
      {joist::child_registry("topics", topics), joist::child_registry("readers", readers),
       joist::child<reader>("ann", named("ann"), topics, all), joist::child<reader>("bob", named("bob"), topics, some)});
}
// [end]

void read(const reader_registry& readers, const char* name) {
  fmt::print("{} has read: {}\n", name, joist::find_server<reader>(readers, name)->call(reader::titles{}));
}

// Its supervisor starts her again, under the same name and topics.
void replace(const reader_registry& readers, const char* name) {
  const joist::pid before = *readers.whereis(name);
  joist::exit(before, joist::exit_reason::kill);
  while (readers.whereis(name).value_or(before) == before) joist::yield();
}

void keep_groups() {
  // [snippet: pg]
  const joist::pg_scope<> rooms;
  joist::start_pg(rooms);
  const auto watch = rooms.monitor("lobby");
  const joist::pid visitor = joist::spawn([] { joist::receive<article>(); });
  rooms.join("lobby", {joist::self(), visitor});
  fmt::print("in the lobby: {}\n", rooms.get_members("lobby").size());

  joist::send(visitor, article{"the exit"});
  (void)joist::receive<joist::pg_left<std::string>>();
  fmt::print("in the lobby: {}\n", rooms.get_members("lobby").size());
  rooms.leave("lobby");
  rooms.demonitor(watch.monitor);
  fmt::print("rooms: {}\n", rooms.which_groups().size());
  // [end]
}

}  // namespace

int main() {
  joist::runtime_options options;
  options.log = joist::silent_sink();
  return joist::run(
      [] {
        // [snippet: use]
        const topic_registry topics;
        const reader_registry readers;
        const auto newspaper = start_newspaper(topics, readers);

        publish(topics, "weather", {"it rains"});
        publish(topics, "chess", {"e4 e5"});
        publish(topics, "cooking", {"nobody reads this"});
        read(readers, "ann");
        read(readers, "bob");
        // [end]

        replace(readers, "ann");
        read(readers, "ann");
        publish(topics, "weather", {"it snows"});
        read(readers, "ann");
        keep_groups();
        newspaper.stop();
      },
      options);
}

// Output:
// ann has read: it rains, e4 e5
// bob has read: e4 e5
// ann has read: nothing yet
// ann has read: it snows
// in the lobby: 2
// in the lobby: 1
// rooms: 0
