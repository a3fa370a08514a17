// The executors that are connected, and what they can take.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/policy/dispatch/executor_channel.h"

namespace airlock::policy {

using LinkId = std::uint64_t;

// What an operator ordered of an executor.
enum class ExecutorOrder {
  kNone,
  // No work, except in sessions it has.
  kCordon,
  // A cordon, and each session is closed when nothing runs in it.
  kDrain,
};

// One connected executor.
struct ConnectedExecutor {
  LinkId link = 0;
  std::string id;
  std::string boot_nonce;
  std::string backend;
  std::string version;
  std::map<std::string, std::string> labels;
  std::uint32_t slots = 0;
  // Image id by reference.
  std::map<std::string, std::string, std::less<>> images;
  // Sessions it can have at once.
  std::uint32_t session_slots = 0;
  // Jobs that may still be sent.
  std::uint32_t credits = 0;
  // It stops.
  bool draining = false;
  ExecutorOrder order = ExecutorOrder::kNone;
  // What it said last; nothing yet is not ready.
  airlock::internal::v1::ExecutorStatus status;
  absl::Time connected_at;
  // When something came last, on the monotonic clock.
  absl::Duration last_contact;
  std::shared_ptr<ExecutorChannel> channel;

  // Whether it may be given what belongs to a session it has.
  bool takes_session_work() const {
    return credits > 0 && !draining && order != ExecutorOrder::kDrain;
  }
  // Whether it may be given anything else.
  bool takes_new_work() const {
    return credits > 0 && !draining && order == ExecutorOrder::kNone;
  }
};

// Not thread-safe; lives inside the dispatcher's serializer.
class ExecutorPool {
 public:
  // Adds an executor; its `link` is new.
  ConnectedExecutor& Add(ConnectedExecutor executor);

  // Forgets an executor. Nothing happens if it is gone.
  void Remove(LinkId link) { executors_.erase(link); }

  // Null if it is gone.
  ConnectedExecutor* Find(LinkId link);
  ConnectedExecutor* FindById(absl::string_view executor_id);

  // The executor to give the next job for this backend: one that has the image
  // before one that has not, then the one with most credits. Null if none has
  // a credit, or none that has one is `suitable`.
  ConnectedExecutor* Choose(
      absl::string_view backend, absl::string_view image,
      const std::function<bool(const ConnectedExecutor&)>& suitable = AnyOne);

  // The id of this image on some executor. Empty if none has it.
  std::string ImageId(absl::string_view backend, absl::string_view image) const;

  // Whether any executor can take a job, if only of its sessions.
  bool has_credit() const;

  std::map<LinkId, ConnectedExecutor>& all() { return executors_; }

 private:
  static bool AnyOne(const ConnectedExecutor& /*executor*/) { return true; }

  std::map<LinkId, ConnectedExecutor> executors_;
};

}  // namespace airlock::policy
