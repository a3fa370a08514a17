#include "services/executor/backends/ssh/connection/ssh_library.h"

#include <poll.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace airlock::executor {
namespace {

// Enough tries to free a session whose socket is closed.
constexpr int kFreeTries = 100;

// Once for the process, as libssh2 wants it.
bool StartLibrary() {
  static const bool started = libssh2_init(0) == 0;
  return started;
}

SshLibrary& LibraryOf(void** abstract) {
  return *static_cast<SshLibrary*>(*abstract);
}

}  // namespace

void SshLibrary::FreeSession::operator()(LIBSSH2_SESSION* session) const {
  for (int i = 0; i < kFreeTries; ++i) {
    if (libssh2_session_free(session) != LIBSSH2_ERROR_EAGAIN) return;
  }
}

void* SshLibrary::Allocate(std::size_t size, void** abstract) {
  return LibraryOf(abstract).memory_.Allocate(size);
}

void* SshLibrary::Reallocate(void* block, std::size_t size, void** abstract) {
  return LibraryOf(abstract).memory_.Reallocate(block, size);
}

void SshLibrary::Free(void* block, void** abstract) {
  LibraryOf(abstract).memory_.Free(block);
}

ssize_t SshLibrary::Read(libssh2_socket_t socket, void* buffer,
                         std::size_t size, int flags, void** abstract) {
  return LibraryOf(abstract).reads_.Read(socket, buffer, size, flags);
}

SshLibrary::SshLibrary(HostSocket socket, std::string place)
    : socket_(std::move(socket)), place_(std::move(place)) {}

SshLibrary::~SshLibrary() {
  // With a dead socket nothing that frees it waits.
  socket_.ShutDown();
  reads_.End();
}

absl::Status SshLibrary::Start() {
  if (!StartLibrary()) return absl::InternalError("libssh2 does not start");
  session_.reset(libssh2_session_init_ex(Allocate, Free, Reallocate, this));
  if (session_ == nullptr) return absl::ResourceExhaustedError("no memory");
  libssh2_session_callback_set(session_.get(), LIBSSH2_CALLBACK_RECV,
                               reinterpret_cast<void*>(&SshLibrary::Read));
  libssh2_session_set_blocking(session_.get(), 0);
  // No answers are asked for: libssh2 would keep every one of them.
  libssh2_keepalive_config(session_.get(), /*want_reply=*/0, /*interval=*/2);
  return absl::OkStatus();
}

absl::Status SshLibrary::WaitForMore(absl::Time deadline,
                                     absl::string_view what) const {
  // With a packet half sent nothing else goes on.
  const int events = socket_is_full() ? POLLOUT : POLLIN;
  // A socket that is always ready says nothing of the time.
  if (!socket_.IsTooLate(deadline) && socket_.Wait(events, deadline)) {
    return absl::OkStatus();
  }
  return MakeError(absl::StatusCode::kDeadlineExceeded, "SSH_TIMEOUT",
                   absl::StrCat(place_, " did not answer in time while ", what),
                   {{"address", place_}});
}

absl::Status SshLibrary::Lost(absl::string_view what) const {
  char* text = nullptr;
  int size = 0;
  const int error = libssh2_session_last_error(session_.get(), &text, &size,
                                               /*want_buf=*/0);
  return MakeError(
      absl::StatusCode::kUnavailable, "SSH_LOST",
      absl::StrCat("the connection to ", place_, " broke while ", what, ": ",
                   text == nullptr ? "" : text, " (", error, ")"),
      {{"address", place_}});
}

bool SshLibrary::socket_is_full() const {
  return (libssh2_session_block_directions(session_.get()) &
          LIBSSH2_SESSION_BLOCK_OUTBOUND) != 0;
}

}  // namespace airlock::executor
