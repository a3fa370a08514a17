# The tests of the sanitizer and the fuzz build, each build as one test of this
# one. tests/run.sh makes those builds and asks for these tests.
option(AIRLOCK_SUITES "Add the tests of the builds tests/run.sh makes" OFF)
if(NOT AIRLOCK_SUITES)
  return()
endif()

function(airlock_suite name build labels)
  add_test(NAME suite_${name}
    COMMAND ${CMAKE_CTEST_COMMAND} --test-dir ${PROJECT_BINARY_DIR}/${build}
            -j 2 --output-on-failure --no-tests=error
            -L ${labels} -LE "docker|slow|check|suite")
  set_tests_properties(suite_${name} PROPERTIES
    LABELS suite PROCESSORS 2 TIMEOUT 900
    ENVIRONMENT LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/lsan.supp:print_suppressions=0)
endfunction()

airlock_suite(sanitizers sanitizers "unit|integration")
airlock_suite(fuzz fuzz "fuzz")
