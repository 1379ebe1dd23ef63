// joist/joist.hpp: all of the core but telemetry.hpp, which few files need. Example: examples/01_hello.
#pragma once

#include <joist/alias.hpp>
#include <joist/blocking.hpp>
#include <joist/clock.hpp>
#include <joist/error.hpp>
#include <joist/exit_reason.hpp>
#include <joist/fault.hpp>
#include <joist/info.hpp>
#include <joist/link.hpp>
#include <joist/local.hpp>
#include <joist/log.hpp>
#include <joist/message.hpp>
#include <joist/monitor.hpp>
#include <joist/names.hpp>
#include <joist/pid.hpp>
#include <joist/preempt.hpp>
#include <joist/process.hpp>
#include <joist/receive.hpp>
#include <joist/ref.hpp>
#include <joist/report.hpp>
#include <joist/runtime.hpp>
#include <joist/sendable.hpp>
#include <joist/simulate.hpp>
#include <joist/timer.hpp>
