# The verbs every room is built with.
#
#   airlock_library(NAME [SRCS ...] HDRS ... [PUBLIC ...] [PRIVATE ...])
#   airlock_executable(NAME SRCS ... [PRIVATE ...])
#   airlock_test(NAME SRCS ... [DEPS ...] [LABELS ...] [TIMEOUT seconds])
#   airlock_label(TARGET LABELS ...)
#   airlock_proto(NAME PROTOS ... [GRPC] [DEPS ...])
#   airlock_subdirectories()   every folder below this one that has a list file
#   airlock_refuse_equal_tests(DIR)   after all tests below DIR were added

set(AIRLOCK_WARNINGS -Wall -Wextra -Wpedantic -Wold-style-cast -Wshadow -Werror)

function(airlock_options target)
  target_compile_options(${target} PRIVATE ${AIRLOCK_WARNINGS})
  if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
    target_compile_options(${target} PRIVATE -Wthread-safety)
  endif()
endfunction()

function(airlock_library name)
  cmake_parse_arguments(ARG "" "" "SRCS;HDRS;PUBLIC;PRIVATE" ${ARGN})
  if(ARG_SRCS)
    add_library(${name} ${ARG_SRCS} ${ARG_HDRS})
    target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
    target_link_libraries(${name} PUBLIC ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
    airlock_options(${name})
  else()
    add_library(${name} INTERFACE ${ARG_HDRS})
    target_include_directories(${name} INTERFACE ${PROJECT_SOURCE_DIR})
    target_link_libraries(${name} INTERFACE ${ARG_PUBLIC} ${ARG_PRIVATE})
  endif()
  add_library(airlock::${name} ALIAS ${name})
endfunction()

function(airlock_executable name)
  cmake_parse_arguments(ARG "" "" "SRCS;PRIVATE" ${ARGN})
  add_executable(${name} ${ARG_SRCS})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_PRIVATE})
  airlock_options(${name})
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
endfunction()

function(airlock_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SRCS;DEPS;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SRCS})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} GTest::gmock GTest::gtest
                                        airlock::test_main)
  airlock_options(${name})
  # A test's own code is compiled more often than it runs.
  target_compile_options(${name} PRIVATE -O0)
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES
    LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT})
  if("docker" IN_LIST ARG_LABELS)
    # One at a time: they count containers and measure time.
    set_tests_properties(${name} PROPERTIES RESOURCE_LOCK docker_engine)
  endif()
  airlock_label(${name} ${ARG_LABELS})
endfunction()

# Makes `target` part of the target tests_<label> for each label, so that
# "ninja tests_unit" builds what "ctest -L unit" runs.
foreach(label unit integration fuzz)
  add_custom_target(tests_${label})
endforeach()
function(airlock_label target)
  foreach(label IN LISTS ARGN)
    if(NOT TARGET tests_${label})
      add_custom_target(tests_${label})
    endif()
    add_dependencies(tests_${label} ${target})
  endforeach()
endfunction()

# Generated code is compiled without our warnings: it is not ours.
function(airlock_proto name)
  cmake_parse_arguments(ARG "GRPC" "" "PROTOS;DEPS" ${ARGN})
  set(root ${PROJECT_SOURCE_DIR}/proto)
  set(out ${PROJECT_BINARY_DIR}/proto)
  file(MAKE_DIRECTORY ${out})
  set(generated)
  foreach(proto IN LISTS ARG_PROTOS)
    string(REGEX REPLACE "\\.proto$" "" stem ${proto})
    set(files ${out}/${stem}.pb.cc ${out}/${stem}.pb.h)
    set(flags --cpp_out=${out})
    if(ARG_GRPC)
      list(APPEND files ${out}/${stem}.grpc.pb.cc ${out}/${stem}.grpc.pb.h)
      list(APPEND flags --grpc_out=${out}
        --plugin=protoc-gen-grpc=${AIRLOCK_GRPC_CPP_PLUGIN})
    endif()
    add_custom_command(
      OUTPUT ${files}
      COMMAND ${Protobuf_PROTOC_EXECUTABLE} -I${root} ${flags} ${root}/${proto}
      DEPENDS ${root}/${proto}
      COMMENT "protoc ${proto}"
      VERBATIM)
    list(APPEND generated ${files})
  endforeach()
  add_library(${name} ${generated})
  # Half the time to compile, and nobody waits for an accessor.
  target_compile_options(${name} PRIVATE $<$<CONFIG:RelWithDebInfo>:-O1>)
  target_include_directories(${name} SYSTEM PUBLIC ${out})
  target_link_libraries(${name} PUBLIC ${ARG_DEPS} protobuf::libprotobuf)
  if(ARG_GRPC)
    target_link_libraries(${name} PUBLIC gRPC::grpc++)
  endif()
  add_library(airlock::${name} ALIAS ${name})
endfunction()

macro(airlock_subdirectories)
  file(GLOB lists CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR}
       ${CMAKE_CURRENT_SOURCE_DIR}/*/CMakeLists.txt)
  foreach(list_file IN LISTS lists)
    get_filename_component(dir ${list_file} DIRECTORY)
    add_subdirectory(${dir})
  endforeach()
endmacro()

# CMake itself takes two tests of one name from two folders, and "ctest -R"
# then runs both; whoever copies a folder would not notice.
function(airlock_refuse_equal_tests dir)
  set(folders ${dir})
  while(folders)
    list(POP_FRONT folders folder)
    get_property(below DIRECTORY ${folder} PROPERTY SUBDIRECTORIES)
    list(APPEND folders ${below})
    get_property(names DIRECTORY ${folder} PROPERTY TESTS)
    foreach(name IN LISTS names)
      if(DEFINED folder_of_${name})
        message(FATAL_ERROR "two tests are named ${name}: in "
                "${folder_of_${name}} and ${folder}; give one another name")
      endif()
      set(folder_of_${name} ${folder})
    endforeach()
  endwhile()
endfunction()
