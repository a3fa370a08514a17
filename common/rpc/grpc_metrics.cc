#include "common/rpc/grpc_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>

#include <array>
#include <chrono>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"

namespace airlock {
namespace {

using google::protobuf::MethodDescriptor;
using grpc::experimental::InterceptionHookPoints;

// By code number.
constexpr std::array<const char*, 17> kCodeNames = {"OK",
                                                    "Canceled",
                                                    "Unknown",
                                                    "InvalidArgument",
                                                    "DeadlineExceeded",
                                                    "NotFound",
                                                    "AlreadyExists",
                                                    "PermissionDenied",
                                                    "ResourceExhausted",
                                                    "FailedPrecondition",
                                                    "Aborted",
                                                    "OutOfRange",
                                                    "Unimplemented",
                                                    "Internal",
                                                    "Unavailable",
                                                    "DataLoss",
                                                    "Unauthenticated"};

const prometheus::Histogram::BucketBoundaries kBuckets = {
    .001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300};

// The series of one method. The registry owns them.
struct MethodMetrics {
  prometheus::Counter* started = nullptr;
  prometheus::Counter* received = nullptr;
  prometheus::Counter* sent = nullptr;
  prometheus::Histogram* seconds = nullptr;
  std::array<prometheus::Counter*, kCodeNames.size()> handled = {};
};

const char* TypeName(const MethodDescriptor& method) {
  if (method.client_streaming()) {
    return method.server_streaming() ? "bidi_stream" : "client_stream";
  }
  return method.server_streaming() ? "server_stream" : "unary";
}

class CallInterceptor final : public grpc::experimental::Interceptor {
 public:
  explicit CallInterceptor(const MethodMetrics& metrics) : metrics_(metrics) {
    metrics_.started->Increment();
  }

  // A call that ended without a status of ours: the peer was gone.
  ~CallInterceptor() override {
    if (!handled_) Handle(grpc::StatusCode::CANCELLED);
  }

  void Intercept(
      grpc::experimental::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(
            InterceptionHookPoints::POST_RECV_MESSAGE) &&
        methods->GetRecvMessage() != nullptr) {
      metrics_.received->Increment();
    }
    if (methods->QueryInterceptionHookPoint(
            InterceptionHookPoints::PRE_SEND_MESSAGE)) {
      metrics_.sent->Increment();
    }
    if (methods->QueryInterceptionHookPoint(
            InterceptionHookPoints::PRE_SEND_STATUS)) {
      Handle(methods->GetSendStatus().error_code());
    }
    methods->Proceed();
  }

 private:
  void Handle(grpc::StatusCode code) {
    handled_ = true;
    const auto index = static_cast<std::size_t>(code);
    // Statuses outside the specification count as Unknown, like on the wire.
    metrics_.handled.at(index < kCodeNames.size() ? index : 2)->Increment();
    metrics_.seconds->Observe(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start_)
            .count());
  }

  const MethodMetrics& metrics_;
  const std::chrono::steady_clock::time_point start_ =
      std::chrono::steady_clock::now();
  bool handled_ = false;
};

class MetricsFactory final
    : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  MetricsFactory(const std::vector<std::string>& services,
                 prometheus::Registry& registry) {
    const auto counter =
        [&](const char* name,
            const char* help) -> prometheus::Family<prometheus::Counter>& {
      return prometheus::BuildCounter().Name(name).Help(help).Register(
          registry);
    };
    started_ =
        &counter("grpc_server_started_total", "RPCs started on the server.");
    handled_ = &counter("grpc_server_handled_total",
                        "RPCs completed on the server, by code.");
    received_ = &counter("grpc_server_msg_received_total",
                         "Messages received by the server.");
    sent_ =
        &counter("grpc_server_msg_sent_total", "Messages sent by the server.");
    seconds_ = &prometheus::BuildHistogram()
                    .Name("grpc_server_handling_seconds")
                    .Help("Seconds from the start of an RPC to its end.")
                    .Register(registry);
    for (const std::string& service : services) AddService(service);
  }

  grpc::experimental::Interceptor* CreateServerInterceptor(
      grpc::experimental::ServerRpcInfo* info) override {
    if (info->method() == nullptr) return nullptr;
    const auto it = methods_.find(absl::string_view(info->method()));
    return it == methods_.end() ? nullptr : new CallInterceptor(*it->second);
  }

 private:
  void AddService(const std::string& name) {
    const google::protobuf::ServiceDescriptor* service =
        google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(
            name);
    if (service == nullptr) return;
    for (int i = 0; i < service->method_count(); ++i) {
      const MethodDescriptor& method = *service->method(i);
      methods_[absl::StrCat("/", name, "/", method.name())] =
          std::make_unique<MethodMetrics>(MakeMetrics(method));
    }
  }

  MethodMetrics MakeMetrics(const MethodDescriptor& method) const {
    const prometheus::Labels labels = {
        {"grpc_type", TypeName(method)},
        {"grpc_service", method.service()->full_name()},
        {"grpc_method", method.name()}};
    MethodMetrics metrics;
    metrics.started = &started_->Add(labels);
    metrics.received = &received_->Add(labels);
    metrics.sent = &sent_->Add(labels);
    metrics.seconds = &seconds_->Add(labels, kBuckets);
    for (std::size_t code = 0; code < kCodeNames.size(); ++code) {
      prometheus::Labels with_code = labels;
      with_code["grpc_code"] = kCodeNames.at(code);
      metrics.handled.at(code) = &handled_->Add(with_code);
    }
    return metrics;
  }

  prometheus::Family<prometheus::Counter>* started_ = nullptr;
  prometheus::Family<prometheus::Counter>* handled_ = nullptr;
  prometheus::Family<prometheus::Counter>* received_ = nullptr;
  prometheus::Family<prometheus::Counter>* sent_ = nullptr;
  prometheus::Family<prometheus::Histogram>* seconds_ = nullptr;
  absl::flat_hash_map<std::string, std::unique_ptr<MethodMetrics>> methods_;
};

}  // namespace

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>
MakeGrpcServerMetrics(const std::vector<std::string>& services,
                      prometheus::Registry& registry) {
  return std::make_unique<MetricsFactory>(services, registry);
}

}  // namespace airlock
