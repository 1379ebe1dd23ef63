// Links: joist/link.hpp. The ids are those of docs/semantics.md.
#include "support/world.hpp"

using namespace joist;
using namespace std::chrono_literals;

TEST_CASE("link: a linked process dies with the same reason, and a trapper receives it as one message", "[L02]") {
  support::everywhere([] {
    trap_exit(true);
    const pid child = spawn_link([] { joist::exit(exit_reason::of(std::string{"tired"})); });
    const exited message = receive<exited>();
    EXPECT(message.process == child);
    EXPECT(message.reason == exit_reason::of(std::string{"tired"}));
    EXPECT(process_info(self())->links.empty());
    EXPECT(support::mailbox_stays_empty());
  });
}
