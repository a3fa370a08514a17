// Who says hello.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "airlock/internal/v1/executor_link.pb.h"
#include "services/policy/dispatch/executor_pool.h"

namespace airlock::policy {

// The only protocol of executor links.
inline constexpr std::uint32_t kProtocolVersion = 1;

// FAILED_PRECONDITION for another protocol; INVALID_ARGUMENT, naming each
// field, for what no executor of ours says. Pure.
absl::Status CheckHello(const airlock::internal::v1::Hello& hello);

// What a hello that passed CheckHello() says. Link, channel and times are the
// caller's to set. Pure.
ConnectedExecutor ExecutorFromHello(const airlock::internal::v1::Hello& hello);

// Image id by reference.
std::map<std::string, std::string, std::less<>> ImagesById(
    const google::protobuf::RepeatedPtrField<airlock::internal::v1::Image>&
        images);

}  // namespace airlock::policy
