// expect: joist: the template names an event that nobody handles
#include <joist/live/view.hpp>

class counter : public joist::live::view<counter> {
 public:
  struct add {};
  using events = joist::type_list<add>;
  void handle_event(const add&) {}
  joist::live::rendered render() const { return html<R"(<button phx-click="ad">more</button>)">(); }
};
joist::live::rendered wrong(const counter& c) { return c.render(); }
