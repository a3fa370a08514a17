#include "services/cli/approvals/watch_terminal.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "services/cli/approvals/approval_feed.h"
#include "services/cli/approvals/watch_dialog.h"
#include "services/cli/run/write_fully.h"

namespace airlock::cli {
namespace {

using airlock::v1::Approval;

// News that nobody has read yet; with more the feed waits.
constexpr std::size_t kMaxNews = 1024;
// A terminal gives no longer lines.
constexpr std::size_t kMaxLineBytes = 4096;

// What the feed's thread tells the thread that talks to the person.
class NewsQueue final : public ApprovalListener {
 public:
  using News = std::function<void(WatchDialog&)>;

  NewsQueue() : wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~NewsQueue() override {
    if (wake_fd_ >= 0) close(wake_fd_);
  }
  NewsQueue(const NewsQueue&) = delete;
  NewsQueue& operator=(const NewsQueue&) = delete;

  void OnApproval(const Approval& approval) override {
    Push([approval](WatchDialog& dialog) { dialog.OnApproval(approval); });
  }
  void OnCaughtUp() override {
    Push([](WatchDialog& dialog) { dialog.OnCaughtUp(); });
  }
  void OnNote(absl::string_view text) override {
    Push([note = std::string(text)](WatchDialog& dialog) {
      dialog.OnNote(note);
    });
  }

  // The feed has ended with `status`.
  void End(absl::Status status) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    ended_ = true;
    end_ = std::move(status);
    Wake();
  }
  // Nothing is read any more: nobody waits for room.
  void Close() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
  }

  // Readable when there is news.
  int fd() const { return wake_fd_; }

  // Hands all news over; false: the feed has ended.
  bool Deliver(WatchDialog& dialog) ABSL_LOCKS_EXCLUDED(mutex_) {
    std::uint64_t count = 0;
    // Only takes the wake back; there may have been none.
    static_cast<void>(!read(wake_fd_, &count, sizeof(count)));
    std::vector<News> news;
    bool ended = false;
    {
      absl::MutexLock lock(&mutex_);
      news.swap(news_);
      ended = ended_;
    }
    for (const News& one : news) one(dialog);
    return !ended;
  }
  absl::Status end() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return end_;
  }

 private:
  void Push(News news) ABSL_LOCKS_EXCLUDED(mutex_) {
    const auto has_room = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return closed_ || news_.size() < kMaxNews;
    };
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&has_room));
    if (closed_) return;
    news_.push_back(std::move(news));
    Wake();
  }
  void Wake() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const std::uint64_t one = 1;
    // It can only be full of wakes.
    static_cast<void>(!write(wake_fd_, &one, sizeof(one)));
  }

  const int wake_fd_;
  absl::Mutex mutex_;
  std::vector<News> news_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status end_ ABSL_GUARDED_BY(mutex_);
};

// Lines from a descriptor, as far as they have come.
class LineInput {
 public:
  explicit LineInput(int fd) : fd_(fd) {}

  // Reads once and hands on each line that is complete. False: the input has
  // ended, or `take` has had enough.
  bool Read(const std::function<bool(absl::string_view line)>& take) {
    std::array<char, kMaxLineBytes> bytes;
    const ssize_t got = read(fd_, bytes.data(), bytes.size());
    if (got < 0) return errno == EINTR || errno == EAGAIN;
    if (got == 0) return false;
    text_.append(bytes.data(), static_cast<std::size_t>(got));
    for (;;) {
      const std::size_t end = text_.find('\n');
      if (end == std::string::npos) break;
      const std::string line = text_.substr(0, end);
      text_.erase(0, end + 1);
      if (!take(line)) return false;
    }
    return text_.size() <= kMaxLineBytes;
  }

 private:
  const int fd_;
  std::string text_;
};

WatchCalls MakeCalls(AirlockClient& client, int out_fd) {
  return {.get = [&client](const std::string& id) -> absl::StatusOr<Approval> {
            airlock::v1::GetApprovalRequest request;
            request.set_id(id);
            auto response = client.GetApproval(request);
            if (!response.ok()) return response.status();
            return std::move(*response->mutable_approval());
          },
          .decide = [&client](const airlock::v1::DecideApprovalRequest& request)
              -> absl::StatusOr<Approval> {
            auto response = client.DecideApproval(request);
            if (!response.ok()) return response.status();
            return std::move(*response->mutable_approval());
          },
          .print =
              [out_fd](absl::string_view text) {
                // Whose terminal is gone reads nothing any more; the input ends
                // too.
                WriteFully(out_fd, text).IgnoreError();
              },
          .now = absl::Now};
}

// Until the person leaves or the feed ends.
void Talk(NewsQueue& news, WatchDialog& dialog, int in_fd) {
  LineInput input(in_fd);
  for (;;) {
    std::array<pollfd, 2> ready = {pollfd{in_fd, POLLIN, 0},
                                   pollfd{news.fd(), POLLIN, 0}};
    if (poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) return;
    if (ready[1].revents != 0 && !news.Deliver(dialog)) return;
    if (ready[0].revents != 0 && !input.Read([&dialog](absl::string_view line) {
          return dialog.OnLine(line);
        })) {
      return;
    }
  }
}

}  // namespace

absl::Status WatchOnTerminal(AirlockClient& client, const std::string& agent,
                             int in_fd, int out_fd) {
  NewsQueue news;
  if (news.fd() < 0)
    return absl::ErrnoToStatus(errno, "cannot make an eventfd");
  ApprovalFeed feed(client, agent, news);
  std::thread follower([&feed, &news] { news.End(feed.Run()); });
  WatchDialog dialog(MakeCalls(client, out_fd));
  Talk(news, dialog, in_fd);
  news.Close();
  feed.Stop();
  follower.join();
  return news.end();
}

}  // namespace airlock::cli
