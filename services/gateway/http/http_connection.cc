#include "services/gateway/http/http_connection.h"

#include <algorithm>
#include <array>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/chunk_encode.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <cstdint>
#include <deque>
#include <optional>
#include <type_traits>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "services/gateway/http/connection_exchange.h"
#include "services/gateway/http/request_reader.h"

namespace airlock::gateway {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using PlainStream = beast::tcp_stream;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;

constexpr std::size_t kMaxHeadBytes = std::size_t{16} << 10;
// Of any request; the handler says how much of each one.
constexpr std::size_t kMaxBodyBytes = std::size_t{8} << 20;
// What is still read of a request that was refused, so that the answer arrives.
constexpr std::size_t kMaxLingerBytes = std::size_t{1} << 20;
constexpr absl::Duration kLingerTimeout = absl::Seconds(1);

// Whether what came is wrong, rather than missing.
bool IsOfParser(const error_code& error) {
  return error.category() ==
             http::make_error_code(http::error::bad_method).category() &&
         error != http::error::end_of_stream &&
         error != http::error::partial_message;
}

// Everything happens on the server's thread. Each operation under way holds the
// connection.
template <typename Stream>
class Connection final
    : public OpenConnection,
      public std::enable_shared_from_this<Connection<Stream>> {
 public:
  template <typename... StreamArgs>
  explicit Connection(std::shared_ptr<ConnectionContext> context,
                      StreamArgs&&... args)
      : context_(std::move(context)),
        stream_(std::forward<StreamArgs>(args)...) {
    context_->open.Add(*this);
  }
  ~Connection() override { Leave(); }

  void Start();
  void Stop(bool at_once) override;

  auto executor() { return context_->io.get_executor(); }
  bool server_stopped() const { return context_->stopped; }
  bool IsCurrent(std::uint64_t number) const {
    return is_current_ && number == number_;
  }

  void Respond(HttpResponse response);
  void StartStream(const HttpResponse& head, std::optional<IdlePiece> idle,
                   std::function<void()> on_gone);
  void Write(std::shared_ptr<const std::string> piece,
             std::function<void(bool ok)> done);
  void Finish();
  // Ends what was not answered.
  void Fail();

 private:
  struct Piece {
    std::shared_ptr<const std::string> bytes;
    std::function<void(bool ok)> done;
  };

  void StartHead(absl::Duration timeout);
  void OnHead(const error_code& error);
  void StartBody();
  void OnBody(const error_code& error);
  void Refuse(int status);
  void SendAnswer(http::response<http::string_body> answer);
  void OnAnswered(const error_code& error);
  void WatchForEnd();
  void WaitForIdle();
  void SendNextPiece();
  void OnPieceSent(const error_code& error);
  void SendLastChunk();
  void Gone();
  void Linger(std::size_t left);
  void Close();
  void Leave();

  void ExpireAfter(absl::Duration timeout) {
    beast::get_lowest_layer(stream_).expires_after(
        absl::ToChronoMilliseconds(timeout));
  }
  // A callback of an operation: holds the connection.
  template <typename Method>
  auto Then(Method method) {
    return [self = this->shared_from_this(), method](
               const error_code& error, std::size_t /*bytes*/ = 0) {
      ((*self).*method)(error);
    };
  }

  // First: the stream needs its io_context to the end.
  const std::shared_ptr<ConnectionContext> context_;
  Stream stream_;
  beast::flat_buffer buffer_{kMaxHeadBytes + (std::size_t{64} << 10)};
  std::optional<http::request_parser<http::string_body>> parser_;
  HttpRequest request_;
  // How many requests there were, and whether the last one is to be answered.
  std::uint64_t number_ = 0;
  bool is_current_ = false;
  bool head_only_ = false;
  // After this answer.
  bool close_ = false;
  bool linger_ = false;
  bool left_ = false;

  std::optional<http::response<http::string_body>> answer_;
  std::optional<http::response_serializer<http::string_body>> head_writer_;

  // Of a stream.
  std::function<void()> on_gone_;
  bool streaming_ = false;
  bool finishing_ = false;
  std::optional<IdlePiece> idle_;
  asio::steady_timer quiet_{context_->io};
  std::optional<http::response<http::empty_body>> stream_head_;
  std::optional<http::response_serializer<http::empty_body>> stream_writer_;
  // The first one is on its way once the head is sent.
  std::deque<Piece> pieces_;
  bool writing_ = false;
  std::array<char, 4096> rest_{};
};

template <typename Stream>
void Connection<Stream>::Start() {
  if constexpr (std::is_same_v<Stream, TlsStream>) {
    ExpireAfter(context_->options.head_timeout);
    stream_.async_handshake(
        asio::ssl::stream_base::server,
        [self = this->shared_from_this()](const error_code& error) {
          if (error) return self->Close();
          self->StartHead(self->context_->options.head_timeout);
        });
  } else {
    StartHead(context_->options.head_timeout);
  }
}

template <typename Stream>
void Connection<Stream>::StartHead(absl::Duration timeout) {
  is_current_ = false;
  parser_.emplace();
  parser_->header_limit(kMaxHeadBytes);
  parser_->body_limit(kMaxBodyBytes);
  ExpireAfter(timeout);
  http::async_read_header(stream_, buffer_, *parser_,
                          Then(&Connection::OnHead));
}

template <typename Stream>
void Connection<Stream>::OnHead(const error_code& error) {
  if (error) {
    // Whoever is slow or gone is told nothing; what cannot be read is refused.
    if (!IsOfParser(error)) return Close();
    if (error == http::error::header_limit) return Refuse(431);
    return Refuse(error == http::error::body_limit ? 413 : 400);
  }
  request_ = HttpRequest();
  const int refused = ReadHead(parser_->get().base(), request_);
  if (refused != 0) return Refuse(refused);
  error_code failed;
  const auto peer =
      beast::get_lowest_layer(stream_).socket().remote_endpoint(failed);
  if (failed) return Close();
  request_.peer_address = peer.address().to_string();
  head_only_ = request_.method == "HEAD";
  if (head_only_) request_.method = "GET";
  StartBody();
}

template <typename Stream>
void Connection<Stream>::StartBody() {
  const std::size_t most =
      std::min(kMaxBodyBytes, context_->handler.MaxBodyBytes(request_));
  const auto length = parser_->content_length();
  if (length && *length > most) return Refuse(413);
  parser_->body_limit(most);
  ExpireAfter(context_->options.body_timeout);
  http::async_read(stream_, buffer_, *parser_, Then(&Connection::OnBody));
}

template <typename Stream>
void Connection<Stream>::OnBody(const error_code& error) {
  if (error == http::error::body_limit) return Refuse(413);
  if (error) return IsOfParser(error) ? Refuse(400) : Close();
  close_ = close_ || !parser_->get().keep_alive();
  request_.body = std::move(parser_->get().body());
  auto exchange = std::make_shared<Exchange<Connection>>(
      this->shared_from_this(), ++number_, std::move(request_));
  is_current_ = true;
  beast::get_lowest_layer(stream_).expires_never();
  context_->handler.Handle(std::move(exchange));
}

template <typename Stream>
void Connection<Stream>::Refuse(int status) {
  close_ = true;
  linger_ = true;
  Respond(context_->handler.Unreadable(status));
}

template <typename Stream>
void Connection<Stream>::Respond(HttpResponse response) {
  is_current_ = false;
  http::response<http::string_body> answer;
  answer.result(static_cast<unsigned>(response.status));
  for (const auto& [name, value] : response.headers) answer.set(name, value);
  answer.set(http::field::date, HttpDate(absl::Now()));
  answer.body() = std::move(response.body);
  answer.keep_alive(!close_);
  answer.prepare_payload();
  SendAnswer(std::move(answer));
}

template <typename Stream>
void Connection<Stream>::SendAnswer(http::response<http::string_body> answer) {
  answer_ = std::move(answer);
  ExpireAfter(context_->options.write_timeout);
  if (head_only_) {
    head_writer_.emplace(*answer_);
    http::async_write_header(stream_, *head_writer_,
                             Then(&Connection::OnAnswered));
    return;
  }
  http::async_write(stream_, *answer_, Then(&Connection::OnAnswered));
}

template <typename Stream>
void Connection<Stream>::OnAnswered(const error_code& error) {
  head_writer_.reset();
  answer_.reset();
  if (error) return Close();
  if (linger_) {
    error_code ignored;
    beast::get_lowest_layer(stream_).socket().shutdown(
        asio::ip::tcp::socket::shutdown_send, ignored);
    ExpireAfter(kLingerTimeout);
    return Linger(kMaxLingerBytes);
  }
  if (close_) return Close();
  StartHead(context_->options.idle_timeout);
}

template <typename Stream>
void Connection<Stream>::StartStream(const HttpResponse& head,
                                     std::optional<IdlePiece> idle,
                                     std::function<void()> on_gone) {
  streaming_ = true;
  idle_ = std::move(idle);
  on_gone_ = std::move(on_gone);
  // Its end is the end of the connection: nothing else was read meanwhile.
  close_ = true;
  stream_head_.emplace();
  stream_head_->result(static_cast<unsigned>(head.status));
  for (const auto& [name, value] : head.headers) {
    stream_head_->set(name, value);
  }
  stream_head_->set(http::field::date, HttpDate(absl::Now()));
  stream_head_->chunked(true);
  stream_head_->keep_alive(false);
  stream_writer_.emplace(*stream_head_);
  WatchForEnd();
  writing_ = true;
  ExpireAfter(context_->options.write_timeout);
  http::async_write_header(stream_, *stream_writer_,
                           [self = this->shared_from_this()](
                               const error_code& error, std::size_t /*bytes*/) {
                             self->writing_ = false;
                             if (error) return self->Gone();
                             self->WaitForIdle();
                             self->SendNextPiece();
                           });
}

template <typename Stream>
void Connection<Stream>::WaitForIdle() {
  if (!idle_ || !streaming_) return;
  quiet_.expires_after(absl::ToChronoMilliseconds(idle_->interval));
  quiet_.async_wait([self = this->shared_from_this()](const error_code& error) {
    if (error || !self->streaming_) return;
    if (self->pieces_.empty()) self->Write(self->idle_->bytes, nullptr);
    self->WaitForIdle();
  });
}

template <typename Stream>
void Connection<Stream>::WatchForEnd() {
  beast::get_lowest_layer(stream_).expires_never();
  stream_.async_read_some(asio::buffer(rest_),
                          [self = this->shared_from_this()](
                              const error_code& /*error*/,
                              std::size_t /*bytes*/) { self->Gone(); });
}

template <typename Stream>
void Connection<Stream>::Write(std::shared_ptr<const std::string> piece,
                               std::function<void(bool ok)> done) {
  if (!streaming_ || finishing_) {
    if (done) done(false);
    return;
  }
  pieces_.push_back({std::move(piece), std::move(done)});
  SendNextPiece();
}

template <typename Stream>
void Connection<Stream>::SendNextPiece() {
  if (writing_ || !streaming_) return;
  if (pieces_.empty()) {
    if (finishing_) SendLastChunk();
    return;
  }
  writing_ = true;
  ExpireAfter(context_->options.write_timeout);
  asio::async_write(stream_,
                    http::make_chunk(asio::buffer(*pieces_.front().bytes)),
                    Then(&Connection::OnPieceSent));
}

template <typename Stream>
void Connection<Stream>::OnPieceSent(const error_code& error) {
  writing_ = false;
  if (error) return Gone();
  if (!streaming_) return;
  const Piece sent = std::move(pieces_.front());
  pieces_.pop_front();
  if (sent.done) sent.done(true);
  SendNextPiece();
}

template <typename Stream>
void Connection<Stream>::Finish() {
  if (!streaming_) return;
  finishing_ = true;
  on_gone_ = nullptr;
  SendNextPiece();
}

template <typename Stream>
void Connection<Stream>::Fail() {
  // A stream that was finished still goes out.
  if (finishing_) return;
  if (streaming_) return Gone();
  close_ = true;
  Respond(context_->handler.Unreadable(500));
}

template <typename Stream>
void Connection<Stream>::SendLastChunk() {
  writing_ = true;
  ExpireAfter(context_->options.write_timeout);
  asio::async_write(stream_, http::make_chunk_last(),
                    [self = this->shared_from_this()](
                        const error_code& /*error*/, std::size_t /*bytes*/) {
                      self->Close();
                    });
}

template <typename Stream>
void Connection<Stream>::Gone() {
  if (!streaming_) return;
  streaming_ = false;
  // Who hears of it may let go of the exchange: nothing is to be answered then.
  is_current_ = false;
  const std::deque<Piece> unsent = std::exchange(pieces_, {});
  const std::function<void()> on_gone = std::exchange(on_gone_, nullptr);
  for (const Piece& piece : unsent) {
    if (piece.done) piece.done(false);
  }
  if (on_gone) on_gone();
  Close();
}

template <typename Stream>
void Connection<Stream>::Stop(bool at_once) {
  close_ = true;
  if (streaming_) return Gone();
  // Between two requests nothing is lost.
  if (at_once || (!is_current_ && !answer_)) Close();
}

template <typename Stream>
void Connection<Stream>::Linger(std::size_t left) {
  stream_.async_read_some(asio::buffer(rest_),
                          [self = this->shared_from_this(), left](
                              const error_code& error, std::size_t bytes) {
                            if (error || bytes >= left) return self->Close();
                            self->Linger(left - bytes);
                          });
}

template <typename Stream>
void Connection<Stream>::Close() {
  is_current_ = false;
  streaming_ = false;
  quiet_.cancel();
  error_code ignored;
  auto& socket = beast::get_lowest_layer(stream_).socket();
  socket.shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  socket.close(ignored);
  Leave();
}

template <typename Stream>
void Connection<Stream>::Leave() {
  if (std::exchange(left_, true)) return;
  context_->open.Remove(*this);
}

}  // namespace

void ServeConnection(asio::ip::tcp::socket socket,
                     const std::shared_ptr<ConnectionContext>& context) {
  if (context->tls == nullptr) {
    std::make_shared<Connection<PlainStream>>(context, std::move(socket))
        ->Start();
    return;
  }
  std::make_shared<Connection<TlsStream>>(context, std::move(socket),
                                          *context->tls)
      ->Start();
}

}  // namespace airlock::gateway
