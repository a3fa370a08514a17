#include "services/executor/backends/ssh/cell_stream.h"

#include <cstddef>
#include <utility>

namespace airlock::executor {
namespace {

// A runner says a few bytes, and waits to be asked.
constexpr std::size_t kMaxEarlyBytes = std::size_t{64} << 10;

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
  while (true) {
    std::string data;
    std::string text;
    std::optional<absl::Status> closed;
    {
      absl::MutexLock lock(&mutex_);
      data.swap(early_data_);
      text.swap(early_text_);
      closed = closed_;
      if (data.empty() && text.empty() && !closed.has_value()) {
        observer_ = std::move(observer);
        return;
      }
    }
    if (!text.empty()) observer->OnDiagnostic(text);
    if (!data.empty()) observer->OnData(data);
    if (closed.has_value()) return observer->OnClosed(*closed);
  }
}

std::shared_ptr<ByteStreamObserver> Cell::ObserverOrKeep(
    absl::string_view text, std::string Cell::*early) {
  absl::MutexLock lock(&mutex_);
  if (observer_ != nullptr || closed_.has_value()) return observer_;
  if ((this->*early).size() + text.size() > kMaxEarlyBytes) {
    return CloseLocked(
        absl::DataLossError("the runner said too much before it was asked"));
  }
  (this->*early).append(text.data(), text.size());
  return nullptr;
}

std::shared_ptr<ByteStreamObserver> Cell::CloseLocked(
    const absl::Status& status) {
  if (!closed_.has_value()) closed_ = status;
  return std::exchange(observer_, nullptr);
}

bool Cell::AskClose() {
  absl::MutexLock lock(&mutex_);
  return std::exchange(asked_close_, true);
}

void Cell::Deliver(absl::string_view data) {
  const auto heard = ObserverOrKeep(data, &Cell::early_data_);
  if (heard != nullptr) heard->OnData(data);
}

void Cell::Complain(absl::string_view text) {
  const auto heard = ObserverOrKeep(text, &Cell::early_text_);
  if (heard != nullptr) heard->OnDiagnostic(text);
}

void Cell::HangUp(const absl::Status& status) {
  std::shared_ptr<ByteStreamObserver> heard;
  {
    absl::MutexLock lock(&mutex_);
    heard = CloseLocked(status);
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
    heard = CloseLocked(status);
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
