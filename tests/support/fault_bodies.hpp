// tests/support/fault_bodies.hpp: code that faults, compiled twice: with tables for faults (faults.cpp) and without
// (faults_without_tables.cpp). All in an unnamed namespace, so that each has its own.
#pragma once

#include <joist/joist.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <stdexcept>

#include "support/faults.hpp"

namespace {

struct counts_its_end {
  std::atomic<int>& ended;
  ~counts_its_end() { ++ended; }
};

// A page behind the end of a file.
volatile int* beyond_a_file() {
  static volatile int* const page = [] {
    const int file = ::memfd_create("empty", 0);
    void* map = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ::close(file);
    return static_cast<volatile int*>(map);
  }();
  return page;
}

// Read at run time, so that compilers do not see what happens.
volatile int zero = 0;
int* volatile null = nullptr;
void (*volatile no_function)() = nullptr;

// By a pointer, as a call that may throw: compilers think that assembly throws nothing, and look into functions.
[[gnu::noinline]] void execute_illegal() {
#if defined(__x86_64__)
  asm volatile("ud2");
#else
  asm volatile("udf #0");
#endif
}
void (*volatile illegal)() = &execute_illegal;
volatile int* (*volatile page_to_read)() = &beyond_a_file;

volatile bool always = true;

[[gnu::noinline]] int deepen(volatile int* above) {
  volatile int here[64];
  here[0] = *above + 1;
  return always ? deepen(here) + here[0] : 0;
}

// Warnings are for those who do not mean it.
template <class Exception>
[[gnu::noinline]] void throw_one(const char* what) {
  if (always) throw Exception{what};
}

struct throws_at_its_end {
  ~throws_at_its_end() noexcept { throw_one<std::runtime_error>("too late"); }
};

[[gnu::noinline]] void leave_noexcept() noexcept { throw_one<std::logic_error>("not from here"); }

// The local is what needs tables, and the call gives the function one: without any it would be left by whatever comes. No
// call comes behind the instructions: what is between two calls may be in their entry of the table.
[[gnu::noinline]] int commit_instruction(support::way how, std::atomic<int>& ended) {
  const counts_its_end local{ended};
  volatile int* const beyond = page_to_read();
  volatile int result = 0;
  switch (how) {
    case support::way::divide: result = 100 / zero; break;
    case support::way::read_null: result = null[4]; break;
    case support::way::read_beyond_file: result = *beyond; break;
    case support::way::read_wildly: result = *reinterpret_cast<volatile int*>(std::uintptr_t{0x123456789000}); break;
    default: result = *reinterpret_cast<volatile int*>(std::uintptr_t{0x8123456789abcdef}); break;
  }
  return result;
}

[[gnu::noinline]] int commit_call(support::way how, std::atomic<int>& ended) {
  const counts_its_end local{ended};
  switch (how) {
    case support::way::call_null: no_function(); break;
    case support::way::call_illegal: illegal(); break;
    case support::way::trap: __builtin_trap();
    case support::way::overflow: {
      volatile int first = 0;
      return deepen(&first);
    }
    case support::way::abort: std::abort();
    case support::way::leave_noexcept: leave_noexcept(); break;
    default: {
      const throws_at_its_end last;
      break;
    }
  }
  return 0;
}

int commit_here(support::way how, std::atomic<int>& ended) {
  switch (how) {
    case support::way::divide:
    case support::way::read_null:
    case support::way::read_beyond_file:
    case support::way::read_wildly:
    case support::way::read_no_address: return commit_instruction(how, ended);
    default: return commit_call(how, ended);
  }
}

}  // namespace
