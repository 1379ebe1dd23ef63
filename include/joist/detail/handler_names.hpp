// joist/detail/handler_names.hpp: whether a class has a member of a handler's name, whatever its parameters, and whoever may
// use it. A handler that is there, and cannot be called, would never be: that is refused when it is compiled.
//
// Looked at is the name alone: of a class that has it, and is joined with another that has it, the name is ambiguous.
// A `final` class cannot be joined, and is taken at its word.
#pragma once

#include <type_traits>

namespace joist::inline v0::detail {

struct handler_names {
  int terminate, format_status, handle_hibernate, handle_in, handle_out;
};

template <class Server>
struct beside_handler_names : Server, handler_names {};

template <class Server>
concept names_terminate = !std::is_final_v<Server> && !requires {
  &beside_handler_names<Server>::terminate;
};
template <class Server>
concept names_format_status = !std::is_final_v<Server> && !requires {
  &beside_handler_names<Server>::format_status;
};
template <class Server>
concept names_handle_hibernate = !std::is_final_v<Server> && !requires {
  &beside_handler_names<Server>::handle_hibernate;
};
template <class Server>
concept names_handle_in = !std::is_final_v<Server> && !requires {
  &beside_handler_names<Server>::handle_in;
};
template <class Server>
concept names_handle_out = !std::is_final_v<Server> && !requires {
  &beside_handler_names<Server>::handle_out;
};

}  // namespace joist::inline v0::detail
