// The log lines of libraries in the form of our own.
#pragma once

namespace airlock {

// From now on what gRPC and protobuf would print comes as JSON lines, as
// warnings: most of it is about what strangers sent. For main(), once: it
// concerns the whole process.
void RouteLibraryLogs();

}  // namespace airlock
