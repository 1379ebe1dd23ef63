// pubsub/known_formats.hpp: the types that may come from other nodes, by name: a list that is made before main().
#pragma once

#include <joist/detail/pubsub.hpp>

#include <string>
#include <string_view>

namespace joist::inline v0::detail {

/// Null: this program knows none of that name.     [any thread]
[[nodiscard]] const known_format* find_format(std::string_view name) noexcept;
/// Two types of one name, or a name that is empty or too long: the sentence that says so; empty: there is nothing wrong.
[[nodiscard]] std::string problem_of_formats();

}  // namespace joist::inline v0::detail
