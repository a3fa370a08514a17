#include "services/gateway/http/http_server.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "services/gateway/http/http_connection.h"

namespace airlock::gateway {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using TlsContext = asio::ssl::context;

// When no file descriptor is left, until one may be.
constexpr std::chrono::milliseconds kAcceptPause{100};

absl::StatusOr<std::unique_ptr<TlsContext>> MakeTls(const TlsFiles& files) {
  auto tls = std::make_unique<TlsContext>(TlsContext::tls_server);
  const auto failed = [](absl::string_view key, absl::string_view path,
                         const error_code& error) {
    return absl::InvalidArgumentError(absl::StrCat(
        "gateway.tls.", key, ": cannot use \"", path, "\": ", error.message()));
  };
  error_code error;
  tls->set_options(TlsContext::default_workarounds | TlsContext::no_sslv3 |
                       TlsContext::no_tlsv1 | TlsContext::no_tlsv1_1,
                   error);
  if (error) return failed("certPath", files.cert_path, error);
  tls->use_certificate_chain_file(files.cert_path, error);
  if (error) return failed("certPath", files.cert_path, error);
  tls->use_private_key_file(files.key_path, TlsContext::pem, error);
  if (error) return failed("keyPath", files.key_path, error);
  return tls;
}

absl::Status ListenError(const HttpServerOptions& options,
                         const error_code& error) {
  return MakeError(absl::StatusCode::kUnavailable, "CANNOT_LISTEN",
                   absl::StrCat("cannot listen on ", options.listen.ToString(),
                                ": ", error.message()));
}

}  // namespace

struct HttpServer::Parts {
  Parts(const HttpServerOptions& options, HttpHandler& handler)
      : context(std::make_shared<ConnectionContext>(options, handler)),
        acceptor(context->io),
        pause(context->io),
        work(asio::make_work_guard(context->io)) {}

  absl::Status Listen();
  void Accept();
  void OnAccepted(const error_code& error, tcp::socket socket);
  void StopAll(bool at_once);

  const std::shared_ptr<ConnectionContext> context;
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  // Else the thread would end with the acceptor.
  asio::executor_work_guard<asio::io_context::executor_type> work;
  int port = 0;
  std::thread thread;
};

absl::Status HttpServer::Parts::Listen() {
  const HttpServerOptions& options = context->options;
  error_code error;
  tcp::resolver resolver(context->io);
  const auto found =
      resolver.resolve(options.listen.host, absl::StrCat(options.listen.port),
                       tcp::resolver::passive, error);
  if (error) return ListenError(options, error);
  const tcp::endpoint endpoint = found.begin()->endpoint();
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return ListenError(options, error);
  port = acceptor.local_endpoint(error).port();
  return error ? ListenError(options, error) : absl::OkStatus();
}

void HttpServer::Parts::Accept() {
  acceptor.async_accept([this](const error_code& error, tcp::socket socket) {
    OnAccepted(error, std::move(socket));
  });
}

void HttpServer::Parts::OnAccepted(const error_code& error,
                                   tcp::socket socket) {
  if (!acceptor.is_open()) return;
  if (error) {
    pause.expires_after(kAcceptPause);
    pause.async_wait([this](const error_code& cancelled) {
      if (!cancelled) Accept();
    });
    return;
  }
  if (context->open.size() < context->options.max_connections) {
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    ServeConnection(std::move(socket), context);
  }
  Accept();
}

void HttpServer::Parts::StopAll(bool at_once) {
  asio::post(context->io, [this, at_once] {
    error_code ignored;
    acceptor.close(ignored);
    pause.cancel();
    context->open.StopAll(at_once);
  });
}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(
    const HttpServerOptions& options, HttpHandler& handler) {
  auto parts = std::make_unique<Parts>(options, handler);
  if (options.tls.has_value()) {
    auto tls = MakeTls(*options.tls);
    if (!tls.ok()) return tls.status();
    parts->context->tls = *std::move(tls);
  }
  if (absl::Status status = parts->Listen(); !status.ok()) return status;
  parts->Accept();
  parts->thread = std::thread([io = &parts->context->io] { io->run(); });
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(parts)));
}

HttpServer::HttpServer(std::unique_ptr<Parts> parts)
    : parts_(std::move(parts)) {}

HttpServer::~HttpServer() {
  parts_->context->stopped = true;
  parts_->StopAll(/*at_once=*/true);
  // With the last connection the thread has nothing left to do.
  parts_->work.reset();
  parts_->thread.join();
}

int HttpServer::port() const { return parts_->port; }

void HttpServer::Drain(absl::Time deadline) {
  parts_->StopAll(/*at_once=*/false);
  parts_->context->open.AwaitEmpty(deadline);
}

}  // namespace airlock::gateway
