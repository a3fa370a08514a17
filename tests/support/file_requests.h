// File actions in a session, as an agent asks for them.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "airlock/v1/action.pb.h"
#include "airlock/v1/execution.pb.h"
#include "common/security/random.h"

namespace airlock {

// A request with an id of its own, for `session`; the action is the caller's.
inline airlock::v1::ExecuteRequest InSession(const std::string& session) {
  airlock::v1::ExecuteRequest request;
  request.set_request_id(RandomUuid());
  request.set_session(session);
  return request;
}

// `limit` 0: to the end.
inline airlock::v1::ExecuteRequest ReadRequest(const std::string& session,
                                               const std::string& path,
                                               std::uint64_t offset = 0,
                                               std::uint64_t limit = 0) {
  airlock::v1::ExecuteRequest request = InSession(session);
  airlock::v1::FileRead& read = *request.mutable_action()->mutable_file_read();
  read.set_path(path);
  read.set_offset(offset);
  read.set_limit(limit);
  return request;
}

// An empty `path`: the workspace.
inline airlock::v1::ExecuteRequest ListRequest(const std::string& session,
                                               const std::string& path = "") {
  airlock::v1::ExecuteRequest request = InSession(session);
  request.mutable_action()->mutable_file_list()->set_path(path);
  return request;
}

inline airlock::v1::ExecuteRequest WriteRequest(
    const std::string& session, const std::string& path, std::string content,
    airlock::v1::FileWrite::Existing existing =
        airlock::v1::FileWrite::EXISTING_OVERWRITE) {
  airlock::v1::ExecuteRequest request = InSession(session);
  airlock::v1::FileWrite& write =
      *request.mutable_action()->mutable_file_write();
  write.set_path(path);
  write.set_content(std::move(content));
  write.set_existing(existing);
  return request;
}

inline airlock::v1::ExecuteRequest DeleteRequest(const std::string& session,
                                                 const std::string& path,
                                                 bool recursive = false) {
  airlock::v1::ExecuteRequest request = InSession(session);
  request.mutable_action()->mutable_file_delete()->set_path(path);
  request.mutable_action()->mutable_file_delete()->set_recursive(recursive);
  return request;
}

}  // namespace airlock
