// Lists that come in pages.
#pragma once

#include <algorithm>

#include "absl/status/statusor.h"

namespace airlock::cli {

// What the services give at once at most.
inline constexpr int kMaxPage = 500;

// Asks page by page until there are `limit` things or no more, and returns them
// in one response, whose page token says whether there are more. `list` makes
// the call; `count` says how many things a response has.
template <typename Request, typename List, typename Count>
auto ListUpTo(int limit, Request request, const List& list, const Count& count)
    -> decltype(list(request)) {
  typename decltype(list(request))::value_type all;
  do {
    request.set_page_size(std::min(kMaxPage, limit - count(all)));
    const auto page = list(request);
    if (!page.ok()) return page.status();
    all.MergeFrom(*page);
    all.set_next_page_token(page->next_page_token());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty() && count(all) < limit);
  return all;
}

}  // namespace airlock::cli
