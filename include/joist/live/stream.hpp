// joist/live/stream.hpp: a long list that the client keeps, and the server does not.
//
//   joist::live::stream<message> said_{"said", &message::id};                   // in a view: its elements are said-1,
//   said-2 said_.insert(message{7, "hello"});                                          // behind all others said_.insert(m,
//   {.at = 0, .limit = 100});                                   // the first of a hundred html<R"(<ul id="said"
//   phx-update="stream">{}</ul>)">(each(said_, [](std::string_view id, const message& m) {
//     return html<"<li id={}>{}</li>">(id, m.text);
//   }))
//
// Promises
//   an element is kept until it has gone to the client, and no longer: a list of any length costs nothing
//   one that is inserted again, by its id, is changed where it is
//
// Shown in one place, in an element with phx-update="stream" and an id; each element has the id that it is given as its own.
// See also: view.hpp, html.hpp (each, where the view has all elements). Phoenix: Phoenix.LiveView.stream/4.
#pragma once

#include <joist/live/html.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace joist::inline v0::live {

struct stream_place {
  int at = -1;               ///< -1: behind all, 0: before all, else how many are before it
  int limit = 0;             ///< so many are kept at the client, the first ones; below 0: the last ones; 0: all
  bool update_only = false;  ///< nothing, where the client does not have it
};

/// What all streams do, whatever their elements are.
class stream_orders : public list::source {
 public:
  explicit stream_orders(std::string name) : name_{std::move(name)} {}

 protected:
  ~stream_orders() = default;
  struct order {
    std::string id;
    stream_place place;
  };
  [[nodiscard]] std::string id_for(std::string_view key) const { return name_ + '-' + std::string{key}; }
  [[nodiscard]] std::string written(const std::vector<order>& inserted) const;

  std::string name_;
  // Gone when it is sent: render() is const, and what the client has is nothing that a view shows.
  mutable std::vector<std::string> removed_;
  mutable bool is_reset_ = false;
};

template <class T>
class stream final : public stream_orders {
 public:
  /// `name` is of this view alone; `key`: what tells the elements apart, a member or a function: an integer or a text.
  template <class Key>
  requires std::invocable<Key&, const T&> stream(std::string name, Key key)
      : stream_orders{std::move(name)}, key_{[key](const T& element) {
          return fmt::format("{}", std::invoke(key, element));
        }} {}

  void insert(T element, stream_place place = {}) {
    std::string id = id_for(key_(element));
    std::erase_if(inserted_, [&id](const auto& i) { return i.where.id == id; });
    inserted_.push_back({{std::move(id), place}, std::move(element)});
  }
  void remove(const T& element) { remove_key(key_(element)); }
  /// By what `key` gives, as a text.
  void remove_key(std::string_view key) {
    const std::string id = id_for(key);
    std::erase_if(inserted_, [&id](const auto& i) { return i.where.id == id; });
    removed_.push_back(id);
  }
  /// These, instead of all that the client has.
  void reset(std::vector<T> elements = {}) {
    inserted_.clear();
    removed_.clear();
    is_reset_ = true;
    for (T& element : elements) insert(std::move(element));
  }

  [[nodiscard]] std::string orders() const override {
    std::vector<order> all;
    for (const auto& i : inserted_) all.push_back(i.where);
    return written(all);
  }
  void sent() const override {
    inserted_.clear();
    inserted_.shrink_to_fit();
    removed_.clear();
    is_reset_ = false;
  }
  /// Those that are on their way to the client, make(id, element) for each.
  template <class Make>
  [[nodiscard]] list show(Make make) const {
    list all;
    std::uint64_t place = 0;
    for (const auto& i : inserted_) detail::part_access::add(all, place++, make(std::string_view{i.where.id}, i.element));
    detail::part_access::stream(all) = this;
    return all;
  }

 private:
  struct insertion {
    order where;
    T element;
  };
  std::function<std::string(const T&)> key_;
  mutable std::vector<insertion> inserted_;
};

/// make(id, element) for each that is on its way to the client.
template <class T, class Make>
requires std::invocable<Make&, std::string_view, const T&>
[[nodiscard]] list each(const stream<T>& elements, Make make) { return elements.show(std::move(make)); }

}  // namespace joist::inline v0::live
