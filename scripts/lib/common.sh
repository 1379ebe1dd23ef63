# Shared by the scripts: what they say, and how they fail. Sourced, not run.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"

step="starting"
say() { step=$*; printf '\n== %s\n' "$*"; }
trap 'code=$?; [ $code -eq 0 ] || printf "\n%s failed while: %s (exit code %s)\n" "$(basename "$0")" "$step" "$code" >&2' EXIT

# Ninja where it is, else make.
generator() { if command -v ninja > /dev/null; then echo Ninja; else echo "Unix Makefiles"; fi; }

# configure DIR OPTIONS...: quick when the directory has been configured before.
configure() {
  local dir=$1
  shift
  cmake -S . -B "$dir" -G "$(generator)" "$@" > "$dir.log" 2>&1 || { cat "$dir.log" >&2; return 1; }
}

# How build/debug-checks is configured, which several scripts share. Of what debuggers want it has only the lines: a fifth
# less time to compile.
debug_checks=(-DJOIST_WERROR=ON -DCMAKE_BUILD_TYPE=RelWithDebInfo "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O2 -g1 -DNDEBUG")
