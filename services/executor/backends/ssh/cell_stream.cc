#include "services/executor/backends/ssh/cell_stream.h"

#include <utility>

namespace airlock::executor {
namespace {

class CellStream final : public ByteStream {
 public:
  CellStream(std::shared_ptr<Cell> cell, std::weak_ptr<CellSender> sender)
      : cell_(std::move(cell)), sender_(std::move(sender)) {}
  ~CellStream() override { Close(); }

  void Start(std::shared_ptr<ByteStreamObserver> observer) override {
    cell_->SetObserver(std::move(observer));
  }
  void Write(std::string data) override {
    const std::shared_ptr<CellSender> sender = sender_.lock();
    if (sender != nullptr) sender->SendData(cell_, std::move(data));
  }
  void Close() override {
    const std::shared_ptr<CellSender> sender = sender_.lock();
    if (sender != nullptr) sender->SendClose(cell_);
  }

 private:
  const std::shared_ptr<Cell> cell_;
  const std::weak_ptr<CellSender> sender_;
};

}  // namespace

void Cell::SetObserver(std::shared_ptr<ByteStreamObserver> observer) {
  {
    absl::MutexLock lock(&mutex_);
    if (!hung_up_ && !finished_) {
      observer_ = std::move(observer);
      return;
    }
  }
  observer->OnClosed(absl::UnavailableError("the sandbox is no more"));
}

std::shared_ptr<ByteStreamObserver> Cell::observer() const {
  absl::MutexLock lock(&mutex_);
  return observer_;
}

bool Cell::AskClose() {
  absl::MutexLock lock(&mutex_);
  return std::exchange(asked_close_, true);
}

void Cell::Deliver(absl::string_view data) {
  const std::shared_ptr<ByteStreamObserver> heard = observer();
  if (heard != nullptr) heard->OnData(data);
}

void Cell::Complain(absl::string_view text) {
  const std::shared_ptr<ByteStreamObserver> heard = observer();
  if (heard != nullptr) heard->OnDiagnostic(text);
}

void Cell::HangUp(const absl::Status& status) {
  std::shared_ptr<ByteStreamObserver> heard;
  {
    absl::MutexLock lock(&mutex_);
    hung_up_ = true;
    heard = std::exchange(observer_, nullptr);
  }
  if (heard != nullptr) heard->OnClosed(status);
}

void Cell::Finish(std::optional<CellEnd> end, const absl::Status& status) {
  std::shared_ptr<ByteStreamObserver> heard;
  {
    absl::MutexLock lock(&mutex_);
    if (finished_) return;
    finished_ = true;
    end_ = std::move(end);
    heard = std::exchange(observer_, nullptr);
  }
  if (heard != nullptr) heard->OnClosed(status);
}

std::optional<CellEnd> Cell::end() const {
  absl::MutexLock lock(&mutex_);
  return end_;
}

bool Cell::WaitFinished(absl::Time deadline) const {
  absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithDeadline(absl::Condition(&finished_), deadline);
}

std::unique_ptr<ByteStream> MakeCellStream(std::shared_ptr<Cell> cell,
                                           std::weak_ptr<CellSender> sender) {
  return std::make_unique<CellStream>(std::move(cell), std::move(sender));
}

}  // namespace airlock::executor
