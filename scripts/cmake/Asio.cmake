# asio_once: Asio's own code, compiled once instead of in every file that includes it.
# Asio decides by what was included before it whether its memory comes from aligned_alloc or operator new. Files that
# differ free each other's memory with the wrong one, so it is decided here, for all.
file(WRITE ${CMAKE_BINARY_DIR}/asio_once.cpp "#include <asio/impl/src.hpp>\n")
add_library(asio_once STATIC ${CMAKE_BINARY_DIR}/asio_once.cpp)
target_compile_definitions(asio_once PUBLIC ASIO_SEPARATE_COMPILATION ASIO_HAS_STD_ALIGNED_ALLOC=1)
target_link_libraries(asio_once PUBLIC Threads::Threads)
dcdn_sanitize(asio_once)
