#!/bin/bash
# Everything a change must pass: set-up, build, and every test as one CTest run.
#
#   tests/run.sh [--full] [-- CTEST ARGUMENTS]
#
# --full adds the tests labelled "slow" and clang-tidy on every file. The
# sanitizer build (unit and integration tests) and the fuzz targets are built
# here and appear in the run as the tests suite_sanitizers and suite_fuzz.
set -euo pipefail
. "$(dirname "$0")/../deploy/lib.sh"

BUILD=${AIRLOCK_BUILD:-$AIRLOCK_ROOT/build}
JOBS=${AIRLOCK_TEST_JOBS:-2}

full=
while [ $# -gt 0 ]; do
  case $1 in
    --full) full=1 ;;
    --)
      shift
      break
      ;;
    *) die "usage: $0 [--full] [-- CTEST ARGUMENTS]" ;;
  esac
  shift
done

cd "$AIRLOCK_ROOT"
deploy/setup.sh
# An engine that ran before stays; one that starts here stops with us.
engine_ran=
timeout 5 "$DOCKER" version >/dev/null 2>&1 && engine_ran=1
deploy/engine.sh
[ -n "$engine_ran" ] || trap 'deploy/engine.sh stop >/dev/null' EXIT
deploy/sandbox-image.sh

say "build: everything"
configure_tree "$BUILD" -DAIRLOCK_SUITES=ON
build_tree "$BUILD"

say "build: unit and integration tests with AddressSanitizer and UBSan"
# Functions bound at link time: the loader looks up fewer names at each start.
configure_tree "$BUILD/sanitizers" -DAIRLOCK_SANITIZE=address,undefined \
  -DBUILD_SHARED_LIBS=ON -DCMAKE_BUILD_TYPE=None \
  -DCMAKE_SHARED_LINKER_FLAGS=-Wl,-Bsymbolic-functions \
  "-DCMAKE_CXX_FLAGS=-O0 -g1" \
  -DCMAKE_C_COMPILER=clang-14 -DCMAKE_CXX_COMPILER=clang++-14
build_tree "$BUILD/sanitizers" tests_unit tests_integration

say "build: fuzz targets"
configure_tree "$BUILD/fuzz" -DAIRLOCK_FUZZERS=ON \
  -DAIRLOCK_SANITIZE=address,undefined -DCMAKE_BUILD_TYPE=None \
  "-DCMAKE_CXX_FLAGS=-O1 -g1" \
  -DCMAKE_C_COMPILER=clang-14 -DCMAKE_CXX_COMPILER=clang++-14
build_tree "$BUILD/fuzz" tests_fuzz

say "tests"
select=(-LE slow)
if [ -n "$full" ]; then
  select=()
  AIRLOCK_TIDY_BASE=$(git hash-object -t tree /dev/null)
  export AIRLOCK_TIDY_BASE AIRLOCK_TIDY_SECONDS=1700
fi
ctest --test-dir "$BUILD" -j "$JOBS" --output-on-failure --no-tests=error \
  "${select[@]}" "$@"
