// The end of a table, and its name, are its keeper's: a process that monitors the owner. The owner's own last words come
// before that where it ends by itself: then a table without an heir is closed in the moment in which its process_local
// values are destroyed, before links and monitors hear of the end.
//
// Refused: a registry of names of its own, for it would be one for all runtimes of a program; a message in a mailbox alone
// for who is given a table, for one that ends without reading it would leave the table behind.
#include <joist/alias.hpp>
#include <joist/detail/table.hpp>
#include <joist/local.hpp>
#include <joist/monitor.hpp>
#include <joist/names.hpp>
#include <joist/otp/gen_server.hpp>
#include <joist/otp/table.hpp>
#include <joist/process.hpp>

#include <algorithm>
#include <exception>

namespace joist::inline v0::detail {
namespace {

constexpr std::string_view name_prefix = "table:";
static_assert(name_prefix.size() + longest_table_name == longest_name_bytes, "a table's name is a name with a prefix");

std::string process_name(std::string_view table) {
  if (table.size() > longest_table_name || table.empty()) {
    throw error{errc::bad_argument, fmt::format("table: expected a name of 1 to {} bytes, got {}: \"{}\"",
                                                longest_table_name, table.size(), table.substr(0, 40))};
  }
  return std::string{name_prefix}.append(table);
}

// Of this thread: who holds the lock of a table on it, a pid or no_process_at_all. Only looked at while the process stays
// here. One that has given its stack up under a lock does not say that it is over, but never asks again either.
[[gnu::noinline]] std::uint64_t& holder_here() noexcept {
  static constinit thread_local std::uint64_t holder = 0;
  asm volatile("");
  return holder;
}

constexpr std::uint64_t no_process_at_all = UINT64_MAX;

/// On its way to who asked the keeper for it.
class table_address {
 public:
  explicit table_address(std::shared_ptr<table_control> t) noexcept : table_{std::move(t)} {}
  [[nodiscard]] std::shared_ptr<table_control> get() && noexcept { return std::move(table_); }

 private:
  std::shared_ptr<table_control> table_;
};

class table_keeper : public gen_server<table_keeper> {
 public:
  struct still_there {  // looks at the owner before it answers
    using reply = bool;
  };
  struct get {
    using reply = table_address;
  };
  struct close {
    using reply = void;
  };
  struct rename {
    using reply = bool;  // false: the name is another's
    std::string to;
  };
  struct give {
    using reply = bool;  // false: nobody lives there
    pid to;
    any_message message;
  };

  table_keeper(std::shared_ptr<table_control> table, std::string name)
      : table_{std::move(table)}, watch_{monitor(table_->owner())}, name_{std::move(name)} {
    table_->kept_by(self());
  }
  table_keeper(table_keeper&&) = delete;
  ~table_keeper() { table_->close(); }  // somebody has killed it: there is no table without a keeper

  // These three answer before terminate(), which may take long, as a table of many entries does.
  void handle_call(still_there, const from<bool>& client) {
    look_at_owner();
    reply(client, !table_->gone());
  }
  void handle_call(get, const from<table_address>& client) {
    look_at_owner();
    reply(client, table_address{table_->gone() ? nullptr : table_});
  }
  void handle_call(close, const from<void>& client) {
    end();
    reply(client);
  }
  bool handle_call(rename r) {
    if (whereis(r.to)) return whereis(r.to) == self();
    if (!name_.empty()) unregister_name(name_);
    const bool done = take_name(r.to);
    if (!done && !name_.empty() && !take_name(name_)) name_.clear();
    if (done) name_ = std::move(r.to);
    table_->set_name(name_.empty() ? "" : name_.substr(name_prefix.size()));
    return done;
  }
  bool handle_call(give g) {
    if (has_ended(g.to)) return false;
    hand_over(g.to);
    send(g.to, std::move(g.message));
    return true;
  }
  void handle_info(const down& d) {
    if (d.monitor == watch_) owner_has_ended();
  }
  void terminate(const exit_reason&) { table_->wipe(); }

 private:
  void look_at_owner() {
    if (!table_->gone() && !has_ended(table_->owner())) return;
    owner_has_ended();
  }
  void owner_has_ended() {
    const table_control::inheritance next = table_->heir();
    if (table_->gone() || !next.heir || next.heir == table_->owner() || has_ended(next.heir)) return end();
    std::optional<any_message> message;
    const auto failed = catch_end([&] { message = next.gift->message(table_, table_->owner()); });
    hand_over(next.heir);
    if (message) return (void)send(next.heir, *std::move(message));
    log(log_level::error, fmt::format("table: {} inherits {}, and is not told, for the data cannot be copied: {}", next.heir,
                                      table_->called(), *failed));
  }
  void hand_over(pid to) {
    demonitor(watch_, demonitor_option::flush);
    table_->hand_over(to);
    watch_ = monitor(to);
  }
  void end() {
    table_->close();
    if (!name_.empty()) unregister_name(std::exchange(name_, {}));
    stop();
  }
  static bool take_name(const std::string& name) {
    try {
      register_name(name);
      return true;
    } catch (const error& e) {
      if (e.code() != errc::name_taken) throw;
      return false;
    }
  }

  std::shared_ptr<table_control> table_;
  ref watch_;
  std::string name_;
};

using keeper_ref = server_ref<table_keeper>;

/// The tables that a process has made; destroyed when it ends.
class tables_made {
 public:
  ~tables_made() {
    for (const auto& t : tables_) {
      if (const auto table = t.lock()) table->owner_ends(owner_);
    }
  }
  void add(const std::shared_ptr<table_control>& table) {
    owner_ = table->owner();
    if (tables_.size() >= prune_at_) {
      std::erase_if(tables_, [](const auto& t) {
        const auto there = t.lock();
        return there == nullptr || there->gone();
      });
      prune_at_ = 2 * tables_.size() + 16;
    }
    tables_.push_back(table);
  }

 private:
  pid owner_;
  std::vector<std::weak_ptr<table_control>> tables_;
  std::size_t prune_at_ = 16;
};
constinit process_local<tables_made> made_here;

// Whether the process that has the name keeps a table that lives. One whose owner has ended gives the name back here.
bool is_kept(pid holder) {
  const auto there = keeper_ref{holder}.try_call(table_keeper::still_there{});
  return there ? *there : there.error() == exit_reason::timeout;  // no keeper, or one that is suspended
}

[[noreturn]] void refuse_taken(const char* call, std::string_view name) {
  throw error{errc::name_taken,
              fmt::format("{}: \"{}\" is the name of another table; find it, or delete it first", call, name)};
}

}  // namespace

table_hold::table_hold(const char* call) {
  const std::uint64_t me = in_process() ? self().value() : no_process_at_all;
  if (std::exchange(holder_here(), me) == me) {
    throw error{errc::bad_wait,
                fmt::format("{}: not within a function that was given to a table: that one holds a lock", call)};
  }
}

table_hold::~table_hold() { holder_here() = 0; }

void refuse_no_table() {
  throw error{errc::no_table, "table: this handle names no table: create one, or find it by its name"};
}

void refuse_overflow() { throw error{errc::bad_argument, "update_counter: the sum is beyond what the counter can hold"}; }

std::string table_control::called() const {
  const std::scoped_lock lock{mutex_};
  return name_.empty() ? std::string{"the table"} : fmt::format("table \"{}\"", name_);
}

bool table_control::refuse_gone(const char* call) const {
  if (std::uncaught_exceptions() > 0) return false;
  throw error{errc::no_table,
              fmt::format("{}: {} is gone: it was deleted, or its owner {} has ended", call, called(), owner())};
}

bool table_control::is_allowed(table_use use, const char* call) const {
  if (gone()) return refuse_gone(call);
  if (access_ == table_access::public_ || (use == table_use::read && access_ == table_access::protected_)) return true;
  require_owner(call);
  return true;
}

void table_control::require_owner(const char* call) const {
  if (in_process() && self() == owner()) return;
  throw error{errc::access_denied, fmt::format("{}: expected the owner of {}, {}; ask it, or create the table with "
                                               "table_access::public_",
                                               call, called(), owner())};
}

bool table_control::admit(table_use use, const char* call) const {
  if (in_process()) checkpoint();
  return is_allowed(use, call);
}

bool table_control::admit_in_destructor(table_use use, const char* call) const {
  if (in_process()) (void)unalias(ref{});  // counts as a checkpoint does, and leaves who was ended a while
  return is_allowed(use, call);
}

table_info table_control::info() const {
  const std::scoped_lock lock{mutex_};
  return {name_, owner(), heir_.heir, access_, size(), type_name(*type_)};
}

table_control::inheritance table_control::heir() const {
  const std::scoped_lock lock{mutex_};
  return heir_;
}

void table_control::hand_over(pid to) { owner_.store(to.value(), std::memory_order_release); }

void table_control::set_name(std::string name) {
  const std::scoped_lock lock{mutex_};
  name_.swap(name);
}

void table_control::owner_ends(pid who) noexcept {
  {
    const std::scoped_lock lock{mutex_};
    if (owner() != who || (heir_.heir && heir_.heir != who)) return;
  }
  close();
}

void table_control::start(const std::shared_ptr<table_control>& made, const table_options& options) {
  made->owner_.store(self().value(), std::memory_order_release);
  made->name_ = options.name;
  server_options keeper;
  keeper.process.label = "keeper of a table";
  if (!options.name.empty()) keeper.name = process_name(options.name);
  for (;;) {
    auto started = try_start<table_keeper>(keeper, made, keeper.name);
    if (started) return made_here.get().add(made);
    if (started.error().what != start_error::kind::already_started) throw start_failed{std::move(started).error()};
    if (is_kept(started.error().process)) refuse_taken("create", options.name);
  }
}

std::shared_ptr<table_control> table_control::find(std::string_view name, const std::type_info& type) {
  const auto keeper = whereis(process_name(name));
  if (!keeper) return nullptr;
  auto answer = keeper_ref{*keeper}.try_call(table_keeper::get{});
  if (!answer) return nullptr;
  auto found = (*std::move(answer)).get();
  if (found != nullptr && found->type() != type) {
    throw error{errc::bad_argument, fmt::format("find: expected \"{}\" to be a table of {}, it is one of {}", name,
                                                type_name(type), type_name(found->type()))};
  }
  return found;
}

void table_control::delete_table() {
  if (!admit(table_use::write, "delete_table")) return;
  if (!keeper_ref{keeper_}.try_call(table_keeper::close{}, infinity)) (void)refuse_gone("delete_table");
}

void table_control::rename(std::string_view name) {
  const std::string to = process_name(name);
  while (admit(table_use::write, "rename")) {
    const auto done = keeper_ref{keeper_}.try_call(table_keeper::rename{to}, infinity);
    if (done && *done) return;
    if (!done) continue;  // the keeper has ended with the table
    if (const auto holder = whereis(to); holder && is_kept(*holder)) refuse_taken("rename", name);
  }
}

void table_control::give_away(const std::shared_ptr<table_control>& itself, pid to, const table_gift& gift) {
  if (!admit(table_use::write, "give_away")) return;
  require_owner("give_away");
  if (to == self()) throw error{errc::bad_argument, "give_away: expected another process, got the owner itself"};
  const auto done = keeper_ref{keeper_}.try_call(table_keeper::give{to, gift.message(itself, self())}, infinity);
  if (!done) return (void)refuse_gone("give_away");
  if (!*done) throw error{errc::no_process, fmt::format("give_away: no living process {} to give a table", to)};
}

void table_control::set_heir(pid heir, std::unique_ptr<table_gift> gift) {
  if (!admit(table_use::write, "set_heir")) return;
  require_owner("set_heir");
  inheritance next{heir, std::move(gift)};
  const std::scoped_lock lock{mutex_};
  std::swap(heir_, next);
}

}  // namespace joist::inline v0::detail
