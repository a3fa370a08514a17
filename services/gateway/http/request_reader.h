// From what the parser has read to a request that may be answered.
#pragma once

#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>

#include "services/gateway/http/http_message.h"

namespace airlock::gateway {

// 0: `request` is the head of it, without body and peer. Otherwise the status
// of why it is refused: 400, or 505 for another version than HTTP/1.1.
int ReadHead(const boost::beast::http::request_header<>& head,
             HttpRequest& request);

}  // namespace airlock::gateway
