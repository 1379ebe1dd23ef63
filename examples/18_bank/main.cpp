// A bank: accounts come and go under a dynamic supervisor, and are found by their owners' names. A transfer goes through two
// processes, either of which may crash in the middle. It comes out right because a booking has a number: who does not know
// whether it was done asks again, and it is done once.
#include <joist/joist.hpp>
#include <joist/otp/dynamic_supervisor.hpp>
#include <joist/otp/registry.hpp>
#include <joist/otp/table.hpp>

#include <map>
#include <optional>
#include <string>

using namespace std::chrono_literals;

// [snippet: ledger]
// What must outlive a crash. An account changes its own page, all of it at once; the bank may cross a booking out.
struct page {
  int cents = 0;
  std::map<int, bool> booked;  // by number; false: crossed out, it never will be
};
using ledger = joist::table<std::string, page>;
using account_names = joist::unique_registry<std::string>;
// [end]

// [snippet: account]
class account : public joist::gen_server<account> {
 public:
  struct book {
    using reply = bool;  // false: there is not so much in it
    int number;
    int cents;
  };
  enum class bug { before_booking, before_answer };  // for this chapter: what shall go wrong the next time

  account(ledger pages, std::string owner) : pages_{std::move(pages)}, owner_{std::move(owner)} {}

  bool handle_call(book b) {
    if (next_ == bug::before_booking) throw std::runtime_error{"crash, and nothing is booked"};
    const bool done = *pages_.update(owner_, page{}, [b](page& p) {
      if (const auto before = p.booked.find(b.number); before != p.booked.end()) return before->second;
      if (p.cents + b.cents < 0) return false;
      p.cents += b.cents;
      return p.booked[b.number] = true;
    });
    if (next_ == bug::before_answer) throw std::runtime_error{"crash, and it is booked"};
    return done;
  }
  void handle_cast(bug b) { next_ = b; }

 private:
  ledger pages_;
  std::string owner_;
  std::optional<bug> next_;
};
// [end]

namespace {

// [snippet: bank]
struct bank {
  ledger pages;
  account_names names;
  joist::dynamic_supervisor_ref accounts;

  void open(const std::string& owner) const {
    const joist::server_options named{.via = joist::via(names, owner)};
    (void)accounts.start_child(joist::child<account>(owner, named, pages, owner)).value();
  }
  void close(const std::string& owner) const { (void)accounts.terminate_child(*names.whereis(owner)).value(); }
  int balance(const std::string& owner) const { return pages.lookup(owner).value_or(page{}).cents; }

  /// Nothing: there is no such account, or none that can be asked; by then it is booked or it is not.
  std::optional<bool> book(const std::string& owner, account::book b) const {
    for (int attempt = 0; attempt < 10; ++attempt, joist::sleep_for(10ms)) {  // its supervisor starts it again meanwhile
      const auto found = joist::find_server<account>(names, owner);
      if (!found) continue;
      if (const auto done = found->try_call(b, 1s)) return *done;
    }
    return std::nullopt;
  }

  /// Where nobody answers. If it is not booked by now, it never will be.
  bool is_booked_after_all(const std::string& owner, int number) const {
    return *pages.update(owner, page{}, [number](page& p) { return p.booked.try_emplace(number, false).first->second; });
  }

  /// Takes the money first: in no moment is there more than there was.
  const char* transfer(int number, const std::string& from, const std::string& to, int cents) const {
    const auto taken = book(from, {number, -cents});
    if (!taken) return "nobody knows: ask again, under the same number";
    if (!*taken) return "refused, there is not so much";
    const auto given = book(to, {number, cents});
    if (given ? *given : is_booked_after_all(to, number)) return "done";
    return book(from, {-number, cents}) ? "given back" : "nobody knows: ask again, under the same number";
  }
};
// [end]

bank open_bank() {
  joist::dynamic_supervisor_options often;
  often.intensity = 10;
  const account_names names;
  joist::start_registry(names);
  return {ledger::create({.access = joist::table_access::public_}), names, joist::start_dynamic_supervisor(often)};
}

}  // namespace

int main() {
  joist::runtime_options options;
  options.log = joist::silent_sink();
  return joist::run(
      [] {
        // [snippet: use]
        const bank b = open_bank();
        for (const char* owner : {"ann", "bob", "eve"}) b.open(owner);
        (void)b.book("ann", {1, 100});
        const auto tell = [&b](const char* what, const char* outcome) {
          fmt::print("{}: {}; ann {}, bob {}, eve {}\n", what, outcome, b.balance("ann"), b.balance("bob"),
                     b.balance("eve"));
        };
        const auto breaks = [&b](const char* owner, account::bug how) {
          joist::find_server<account>(b.names, owner)->cast(how);
        };

        tell("as it should be", b.transfer(2, "ann", "bob", 30));
        tell("too much", b.transfer(3, "bob", "eve", 31));

        breaks("bob", account::bug::before_booking);
        tell("bob crashes before", b.transfer(4, "ann", "bob", 10));
        breaks("bob", account::bug::before_answer);
        tell("bob crashes after", b.transfer(5, "ann", "bob", 10));
        breaks("ann", account::bug::before_answer);
        tell("ann crashes after", b.transfer(6, "ann", "eve", 20));
        tell("asked once more", b.transfer(6, "ann", "eve", 20));

        b.close("eve");
        tell("eve has left", b.transfer(7, "bob", "eve", 50));
        b.open("eve");
        tell("asked once more", b.transfer(7, "bob", "eve", 50));
        // [end]
        b.accounts.stop();
      },
      options);
}

// Output:
// as it should be: done; ann 70, bob 30, eve 0
// too much: refused, there is not so much; ann 70, bob 30, eve 0
// bob crashes before: done; ann 60, bob 40, eve 0
// bob crashes after: done; ann 50, bob 50, eve 0
// ann crashes after: done; ann 30, bob 50, eve 20
// asked once more: done; ann 30, bob 50, eve 20
// eve has left: given back; ann 30, bob 50, eve 20
// asked once more: given back; ann 30, bob 50, eve 20
