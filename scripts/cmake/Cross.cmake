# Toolchain for Debian's cross compilers and multiarch libraries: cmake -DCMAKE_TOOLCHAIN_FILE=... -DDCDN_TARGET=aarch64-linux-gnu
# (packages: scripts/install-deps --cross arm64). Tests run under qemu-user.
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES DCDN_TARGET)
if(NOT DCDN_TARGET)
  message(FATAL_ERROR "set DCDN_TARGET, e.g. aarch64-linux-gnu")
endif()
string(REGEX MATCH "^[a-z0-9_]+" DCDN_TARGET_CPU ${DCDN_TARGET})
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR ${DCDN_TARGET_CPU})
set(CMAKE_C_COMPILER ${DCDN_TARGET}-gcc)
set(CMAKE_CXX_COMPILER ${DCDN_TARGET}-g++)
set(CMAKE_ASM_COMPILER ${DCDN_TARGET}-gcc)
set(CMAKE_LIBRARY_ARCHITECTURE ${DCDN_TARGET})
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-${DCDN_TARGET_CPU})
# Its own libraries, and headers and CMake files that are the same everywhere; never this machine's libraries.
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_IGNORE_PATH /usr/lib/${CMAKE_HOST_SYSTEM_PROCESSOR}-linux-gnu)
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/${DCDN_TARGET}/pkgconfig:/usr/share/pkgconfig)
