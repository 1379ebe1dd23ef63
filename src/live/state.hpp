// live/state.hpp: what a view has beside what its class has: the page that the client sees, and what handlers have left for
// it since it was last told.
#pragma once

#include <joist/detail/live_view.hpp>

#include <memory>
#include <optional>
#include <string>
#include <typeindex>

#include "live/diff.hpp"

namespace joist::inline v0::live::detail {

struct view_state {
  struct departure {
    going how;
    std::string to;
    bool replaces = false;
  };

  std::shared_ptr<const site_core> site;
  std::type_index itself = typeid(void);  // the class of the view
  bool has_client = false;
  bool is_left = false;  // the client has been sent elsewhere
  std::string target;    // of the page: path and query
  std::string title;
  bool title_is_new = false;
  flash_messages flash;
  flash_messages new_flash;  // put since the client was last told: they go along where it goes
  std::optional<departure> leaving;
  std::optional<departure> patched;  // where it is, and the client does not know yet
  std::string events;                // for the client: [name, payload],...
  shown_tree tree;
};

}  // namespace joist::inline v0::live::detail
