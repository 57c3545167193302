// sealed_deliveries.hpp - encrypted objects that were delivered into a directory: decrypted and unpacked
// there if there is a key, kept as they are if not.
#pragma once
#include <asio/any_io_executor.hpp>
#include <functional>

#include "api/recv/unpack_stream.hpp"
#include "trust/trust_ledger.hpp"
#include "work/serial_worker.hpp"

namespace dcdn::api {

/// What became of one.
struct OpenedDelivery {
  std::vector<ObjectEnd> objects;
  std::vector<EntryLeftOut> left_out;
  std::vector<std::string> notes;
  Result<RecvReport> result = RecvReport();
  /// Whether it lies where it was delivered because it is for others, or not for dcdn-recv: no failure.
  [[nodiscard]] bool kept() const;
};
OpenedDelivery open_delivery(const RecvOptions& options, const ObjectEnd& delivery,
                             const std::vector<sign::SecretKey>& keys, const UnpackTap& tap);
/// Notes, objects and what failed, to the user and the audit log; new paths in the place of the old one.
/// False if it failed.
bool report_opened(const RecvOptions& options, const ObjectEnd& delivery, const OpenedDelivery& opened,
                   ProgressSink& progress, std::vector<std::string>& paths,
                   const trust::TrustLedger::Warn& warn);

/// The same one after the other on a thread of its own, so that a long one holds up nobody.
class SealedDeliveries {
 public:
  using Done = std::function<void(const ObjectEnd&, const OpenedDelivery&)>;
  /// `done` is called on `loop`. `options` outlives this; their limits hold for what comes out as well.
  SealedDeliveries(asio::any_io_executor loop, const RecvOptions& options, ReceivePlace place,
                   std::vector<sign::SecretKey> keys, Done done);
  ~SealedDeliveries() { finish(); }
  void add(ObjectEnd delivery);
  /// Waits for those that were added; their `done` is then posted.
  void finish();

 private:
  OpenedDelivery open(const ObjectEnd& delivery) const;

  asio::any_io_executor loop_;
  const RecvOptions& options_;
  const ReceivePlace place_;
  std::vector<sign::SecretKey> keys_;
  Done done_;
  work::SerialWorker worker_;
};

}  // namespace dcdn::api
