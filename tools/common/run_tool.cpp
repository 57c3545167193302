#include "common/run_tool.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <new>
#include <system_error>

#include "common/signals.hpp"

namespace dcdn::tool {

namespace {

/// Cron and daemons start programs with 0, 1 or 2 closed. The next file opened would take that number, and be
/// read as standard input or get what is said to a person. What takes it now can be neither read nor written.
void fill_standard_descriptors() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
    if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF) static_cast<void>(::open("/", O_PATH));
}

int status_of(const Error& error) {
  if (error.code == Errc::interrupted && caught_signal() != 0) return 128 + caught_signal();
  return exit_status(error.code);
}

int fail(Report& report, const Error& error) {
  // As every filter: when the reader has seen enough there is nothing to complain about.
  if (error.code != Errc::closed_pipe) report.error(error);
  return status_of(error);
}

}  // namespace

int run_tool(const char* name, int argc, const char* const* argv, const ToolMain& work,
             Interrupts interrupts) {
  Report report(name);
  fill_standard_descriptors();
  ignore_write_signals();
  try {
    if (interrupts == Interrupts::watched) {
      const auto installed = install_signals();
      if (!installed) return fail(report, installed.error());
    }
    const Result<int> done = work(argc, argv, report);
    if (!done) return fail(report, done.error());
    // Success is only claimed when the result also reached standard output.
    if (const auto lost = report.output_error()) return fail(report, *lost);
    return *done;
  } catch (const std::bad_alloc&) {
    return fail(report, Error(Errc::internal, "out of memory"));
  } catch (const std::system_error& failure) {
    if (failure.code() != std::errc::resource_unavailable_try_again)
      return fail(report, Error(Errc::internal, std::string("internal error: ") + failure.what()));
    return fail(report, Error(Errc::internal, "out of memory: the system has no thread to give")
                            .with_hint("ulimit -u and ulimit -v say what may be had"));
  } catch (const std::exception& exception) {
    return fail(report, Error(Errc::internal, std::string("internal error: ") + exception.what()));
  } catch (...) {
    return fail(report, Error(Errc::internal, "internal error of an unknown kind"));
  }
}

}  // namespace dcdn::tool
