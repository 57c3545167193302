# dcdn_read_layers()            reads lib/LAYERS into DCDN_LAYERS and DCDN_USES_<layer>
# dcdn_layer(name VENDOR ...)   one object library per layer, from every .cpp in and below its folder
# dcdn_flags(target)            the warnings and sanitizers every target of ours gets
# dcdn_sanitize(target)         the sanitizers alone
function(dcdn_flags target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
                         $<$<BOOL:${DCDN_WERROR}>:-Werror>)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12 reports both inside inlined standard library code (GCC bugs 105329, 105562).
    target_compile_options(${target} PRIVATE -Wno-restrict -Wno-maybe-uninitialized)
    # ... and Asio's coroutine frames, whose operators new and delete are a pair it does not see through.
    target_compile_options(${target} PRIVATE -Wno-mismatched-new-delete)
  endif()
  dcdn_sanitize(${target})
endfunction()

function(dcdn_sanitize target)
  if(DCDN_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${DCDN_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    target_link_options(${target} PRIVATE -fsanitize=${DCDN_SANITIZE})
    if(DCDN_SANITIZE MATCHES thread)
      # Asio has fences, which ThreadSanitizer does not see; gcc says so with every one.
      target_compile_options(${target} PRIVATE -Wno-tsan)
    endif()
  endif()
  if(DCDN_FUZZ)
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
endfunction()

macro(dcdn_read_layers)
  set(DCDN_LAYERS "")
  file(STRINGS ${CMAKE_SOURCE_DIR}/lib/LAYERS lines REGEX "^[a-z]+:")
  foreach(line IN LISTS lines)
    string(REGEX MATCH "^([a-z]+): *(.*)$" _ "${line}")
    set(layer ${CMAKE_MATCH_1})
    list(APPEND DCDN_LAYERS ${layer})
    string(REPLACE " " ";" DCDN_USES_${layer} "${CMAKE_MATCH_2}")
  endforeach()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/lib/LAYERS)
endmacro()

function(dcdn_layer name)
  cmake_parse_arguments(arg "" "" "VENDOR" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/lib/${name}/*.cpp)
  if(NOT sources)
    return()
  endif()
  add_library(dcdn_${name} OBJECT ${sources})
  target_compile_definitions(dcdn_${name} PRIVATE DCDN_BUILDING)
  target_include_directories(dcdn_${name} PUBLIC ${CMAKE_SOURCE_DIR}/lib ${CMAKE_SOURCE_DIR}/lib/include)
  target_link_libraries(dcdn_${name} PUBLIC fmt::fmt Threads::Threads ${arg_VENDOR})
  dcdn_flags(dcdn_${name})
  set_property(GLOBAL APPEND PROPERTY DCDN_LAYER_TARGETS dcdn_${name})
endfunction()
