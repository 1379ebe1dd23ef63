// net/entry.hpp: what is known of an open descriptor, and who owns it.
//
// Entries are never given back to the system, only used again: a handle that outlived its descriptor, or an event that came
// late, finds memory that is an entry, and the ids differ.
//
// Invariants
//   O1  an entry with an owner is in the list of that process, and in no other; who is in nobody's list has no owner: it was
//       moved, or is new. Lists are touched under one mutex
//   O2  what is in a process's list when it ends is closed then: its handles are gone, or on a stack that was given up
//   O3  a handle whose id is not that of its entry is closed
#pragma once

#include <joist/pid.hpp>

#include <atomic>
#include <cstdint>

#include "net/readiness.hpp"

namespace joist::inline v0::net::detail {

class poller;

struct alignas(64) entry {
  readiness in, out;
  std::atomic<poller*> home{nullptr};  // null: nobody uses it
  std::atomic<std::uint64_t> id{0};    // 0: closed
  std::atomic<bool> ended{false};      // the peer has closed, or it is broken: the poller; perhaps of the one before (D3)
  bool drained = false;                // the last read took all there was: the owner
  bool shared = false;                 // open under another number, too: to close it is not enough for epoll. Set when made
  std::atomic<int> number{-1};
  // -- under the mutex of the lists
  pid owner;
  entry* next = nullptr;   // of the owner's; or of the free ones
  entry** back = nullptr;  // what points here
};
static_assert(sizeof(entry) == 64, "a hundred thousand connections: 6 MB");

/// One for a new descriptor, of nobody. Throws std::bad_alloc.     [any thread]
[[nodiscard]] entry& take_entry(poller& home, int number);
/// Closes the descriptor, if the entry is still that of `id`.     [any thread]
void close_entry(entry& e, std::uint64_t id) noexcept;
/// All of a poller that is about to end.     [any thread]
void close_entries_of(poller& home) noexcept;
/// The calling process owns it from now on.     [process]
void own(entry& e, pid self);
/// Nobody does.     [any thread]
void disown(entry& e) noexcept;
/// How many descriptors are open.     [any thread]
[[nodiscard]] std::size_t open_entries() noexcept;

}  // namespace joist::inline v0::net::detail
