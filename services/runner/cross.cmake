# A program of ours for a processor that is not the one of the machine that
# builds. CMake knows one compiler for each language, and a second build tree
# would be compiled on every change or never, so these are plain commands, with
# the sources, definitions and link options of the targets that are there
# already. Such a program needs nothing but the standard library.
#
#   airlock_cross_executable(TARGET ARCHITECTURE COMPILER)
#
# makes bin/TARGET-ARCHITECTURE of everything TARGET is linked from.

# Sets `out` to `target` and all libraries below it, each by its own name.
function(airlock_linked_targets target out)
  set(found)
  set(open ${target})
  while(open)
    list(POP_FRONT open name)
    if(NOT TARGET ${name})
      message(FATAL_ERROR "${target} must need no library but ours: ${name}")
    endif()
    get_target_property(aliased ${name} ALIASED_TARGET)
    if(aliased)
      set(name ${aliased})
    endif()
    if(name IN_LIST found)
      continue()
    endif()
    list(APPEND found ${name})
    get_target_property(type ${name} TYPE)
    set(property LINK_LIBRARIES)
    if(type STREQUAL INTERFACE_LIBRARY)
      set(property INTERFACE_LINK_LIBRARIES)
    endif()
    get_target_property(below ${name} ${property})
    if(below)
      list(APPEND open ${below})
    endif()
  endwhile()
  set(${out} ${found} PARENT_SCOPE)
endfunction()

# Sets `out` to the sources of `target` as absolute paths.
function(airlock_absolute_sources target out)
  get_target_property(sources ${target} SOURCES)
  get_target_property(directory ${target} SOURCE_DIR)
  list(TRANSFORM sources PREPEND ${directory}/ REGEX "^[^/]")
  set(${out} ${sources} PARENT_SCOPE)
endfunction()

# Compiles the sources of `target` and sets `out` to the objects. `generated`
# are headers that must be there first.
function(airlock_cross_objects target folder compile generated out)
  get_target_property(definitions ${target} COMPILE_DEFINITIONS)
  get_target_property(includes ${target} INCLUDE_DIRECTORIES)
  set(flags)
  if(definitions)
    list(TRANSFORM definitions PREPEND -D)
    list(APPEND flags ${definitions})
  endif()
  if(includes)
    list(TRANSFORM includes PREPEND -I)
    list(APPEND flags ${includes})
  endif()
  airlock_absolute_sources(${target} sources)
  list(FILTER sources INCLUDE REGEX "\\.cc$")
  set(objects)
  foreach(source IN LISTS sources)
    file(RELATIVE_PATH path ${PROJECT_SOURCE_DIR} ${source})
    set(object ${folder}/${path}.o)
    get_filename_component(object_folder ${object} DIRECTORY)
    file(MAKE_DIRECTORY ${object_folder})
    add_custom_command(
      OUTPUT ${object}
      COMMAND ${compile} ${flags} -MD -MF ${object}.d
              -c ${source} -o ${object}
      DEPENDS ${source} ${generated}
      DEPFILE ${object}.d
      COMMENT "Building ${path} for another processor"
      VERBATIM)
    list(APPEND objects ${object})
  endforeach()
  set(${out} ${objects} PARENT_SCOPE)
endfunction()

function(airlock_cross_executable target architecture compiler)
  set(program ${target}-${architecture})
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${architecture})
  set(compile ${CMAKE_CXX_COMPILER_LAUNCHER} ${compiler}
      -std=c++${CMAKE_CXX_STANDARD} -O2 ${AIRLOCK_WARNINGS})
  airlock_linked_targets(${target} parts)
  set(generated)
  foreach(part IN LISTS parts)
    airlock_absolute_sources(${part} sources)
    list(FILTER sources INCLUDE REGEX "^${PROJECT_BINARY_DIR}/.*\\.h$")
    list(APPEND generated ${sources})
  endforeach()
  set(objects)
  foreach(part IN LISTS parts)
    airlock_cross_objects(${part} ${folder} "${compile}" "${generated}" made)
    list(APPEND objects ${made})
  endforeach()
  get_target_property(link_options ${target} LINK_OPTIONS)
  set(output ${PROJECT_BINARY_DIR}/bin/${program})
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${compiler} ${link_options} ${objects} -o ${output}
    DEPENDS ${objects}
    COMMENT "Linking bin/${program}"
    VERBATIM)
  add_custom_target(${program} ALL DEPENDS ${output})
endfunction()
