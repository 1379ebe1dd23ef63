// core/signal_word.hpp: the life of a process, and the queue of its signals, in one atomic word.
//
//   [ node address / 16 : 44 bits | generation : 20 bits ]
//
// address part   meaning                                        who moves it on
//   0            awake: somebody has the right to run it        push -> list; owner: sleep -> asleep, close -> closed
//   asleep       waits; nobody has that right                   push -> list, and the pusher gets the right to run it
//   closed       ended, or ending: takes no signals             the table, when the place is used again
//   a node       awake, with signals, newest first              push -> longer list; owner: take -> 0
//                                                               (the watcher, for an owner that does not come: claim.hpp)
//
// Invariants
//   W1  one thread at a time has the right to run a process: the waker gets it with the push that replaced `asleep`
//   W2  no wake-up is lost: sleep() succeeds only from 0. A push before it makes it fail; a push after it finds
//       `asleep` and must queue the process. There is no third case: both change this one word
//   W3  a push names the generation it means, and fails when that is over. The 20 bits here guard the moment between
//       reading and changing the word; the full generation is compared as well. A place is not used again after its 20
//       bits have come round until every push that was under way then has ended (process_table.cpp)
// One atomic operation sends and wakes, one takes all, one goes to sleep.
#pragma once

#include <atomic>
#include <cstdint>

#include <joist/detail/node.hpp>

namespace joist::inline v0::core {

using detail::node;

class signal_word {
 public:
  static constexpr int tag_bits = 20;
  static constexpr std::uint64_t tag_mask = (std::uint64_t{1} << tag_bits) - 1;

  enum class push_result : std::uint8_t { delivered, wake, closed };

  /// Hands `n` over. `wake`: the caller must now queue the process. `closed`: the caller keeps `n`.     [any thread]
  /// `generation` is where the process keeps its full one.
  push_result push(node* n, std::uint32_t wanted, const std::atomic<std::uint32_t>& generation) noexcept {
    // acquire: pairs with open(): a matching tag means the process's fields are set.
    std::uint64_t seen = word_.load(std::memory_order_acquire);
    for (;;) {
      if ((seen & tag_mask) != (wanted & tag_mask) || generation.load(std::memory_order_relaxed) != wanted ||
          address(seen) == closed) {
        return push_result::closed;
      }
      n->next = address(seen) == asleep ? nullptr : pointer(seen);
      // release: the node's content, for take(). acquire: what the process did before it slept, for who runs it next.
      if (word_.compare_exchange_weak(seen, word_of(n) | (seen & tag_mask), std::memory_order_acq_rel,
                                      std::memory_order_acquire)) {
        return address(seen) == asleep ? push_result::wake : push_result::delivered;
      }
    }
  }

  /// Whether take() would find something.     [who has the right to run]
  [[nodiscard]] bool has_signals() const noexcept { return address(word_.load(std::memory_order_relaxed)) > closed; }

  /// All signals that have come, oldest first.     [who has the right to run]
  [[nodiscard]] node* take() noexcept {
    if (!has_signals()) return nullptr;
    // acquire: the nodes' contents; pairs with push().
    return oldest_first(pointer(word_.exchange(tag(), std::memory_order_acquire)));
  }

  /// Puts back what take() gave, all of it older than what has come meanwhile. True: the process had gone to sleep, and the
  /// caller must now queue it.     [the watcher, under a claim]
  [[nodiscard]] bool put_back(node* oldest) noexcept {
    node* newest = oldest_first(oldest);  // turned round: as the word keeps them
    for (;;) {
      std::uint64_t seen = word_.load(std::memory_order_acquire);
      if (address(seen) > closed) {  // newer ones: they go on top
        node* newer = oldest_first(pointer(word_.exchange(seen & tag_mask, std::memory_order_acquire)));
        while (newer != nullptr) {
          node* following = newer->next;
          newer->next = newest;
          newest = newer;
          newer = following;
        }
        continue;
      }
      // release: the nodes, for take(). acquire: what the process did before it slept.
      if (word_.compare_exchange_strong(seen, word_of(newest) | (seen & tag_mask), std::memory_order_acq_rel,
                                        std::memory_order_relaxed))
        return address(seen) == asleep;
    }
  }

  /// Gives the right to run up. False: signals have come, the caller keeps it.     [who has the right to run]
  [[nodiscard]] bool sleep() noexcept {
    std::uint64_t expected = tag();
    // release: all that the process did, for who wakes and runs it. Pairs with push().
    return word_.compare_exchange_strong(expected, asleep << tag_bits | expected, std::memory_order_release,
                                         std::memory_order_relaxed);
  }

  /// From now on every push fails. Returns what had come, oldest first.     [who has the right to run; the watcher, under a
  /// claim: then `slept` says that the process had gone to sleep meanwhile, and the caller must queue it]
  [[nodiscard]] node* close(bool& slept) noexcept {
    // acquire as well: what the process did before it slept.
    const std::uint64_t before = word_.exchange(closed << tag_bits | tag(), std::memory_order_seq_cst);
    slept = address(before) == asleep;
    return address(before) > closed ? oldest_first(pointer(before)) : nullptr;
  }
  [[nodiscard]] node* close() noexcept {
    bool slept = false;
    return close(slept);
  }

  /// Begins a life, awake.     [the table]
  void open(std::uint32_t generation) noexcept {
    // release: the fields of the process. Pairs with the first load of push().
    word_.store(generation & tag_mask, std::memory_order_release);
  }

  [[nodiscard]] bool is_closed() const noexcept { return address(word_.load(std::memory_order_seq_cst)) == closed; }
  /// Closed, or of another life already.     [any thread]
  [[nodiscard]] bool is_over(std::uint32_t wanted, const std::atomic<std::uint32_t>& generation) const noexcept {
    // seq_cst: as is_closed(), for who has stored something that the closing side looks for. acquire is in it: what the
    // process did before it closed; and, pairing with open(), a generation that is not older than the word.
    const std::uint64_t seen = word_.load(std::memory_order_seq_cst);
    return (seen & tag_mask) != (wanted & tag_mask) || address(seen) == closed ||
           generation.load(std::memory_order_relaxed) != wanted;
  }
  /// Asleep, so that no signal sent before is still to be acted on.     [any thread]
  [[nodiscard]] bool is_asleep(std::uint32_t generation) const noexcept {
    const std::uint64_t seen = word_.load(std::memory_order_acquire);
    return (seen & tag_mask) == (generation & tag_mask) && address(seen) == asleep;
  }

 private:
  static constexpr std::uint64_t asleep = 1;
  static constexpr std::uint64_t closed = 2;

  static std::uint64_t address(std::uint64_t word) noexcept { return word >> tag_bits; }
  static node* pointer(std::uint64_t word) noexcept {
    // Nodes are aligned to 16 and user addresses have at most 48 bits: 44 are enough.
    return address(word) > closed ? reinterpret_cast<node*>(address(word) << 4) : nullptr;
  }
  static std::uint64_t word_of(const node* n) noexcept { return reinterpret_cast<std::uint64_t>(n) >> 4 << tag_bits; }
  [[nodiscard]] std::uint64_t tag() const noexcept { return word_.load(std::memory_order_relaxed) & tag_mask; }

  static node* oldest_first(node* newest) noexcept {
    node* list = nullptr;
    while (newest != nullptr) {
      node* older = newest->next;
      newest->next = list;
      list = newest;
      newest = older;
    }
    return list;
  }

  std::atomic<std::uint64_t> word_{closed << tag_bits};
};

}  // namespace joist::inline v0::core
