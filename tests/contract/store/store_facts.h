// What every store must do. The facts are instantiated once for each.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>

#include "services/policy/store/store.h"
#include "tests/contract/store/store_caller.h"

namespace airlock::policy {

// Makes a store that keeps `max_kept` executions. What it needs to live on,
// such as a directory, lives as long as the function.
using StoreMaker = std::function<std::unique_ptr<Store>(std::size_t max_kept)>;

// The parameter makes the store.
class StoreFacts : public testing::TestWithParam<std::function<StoreMaker()>> {
 protected:
  StoreFacts() { Open(1000); }

  // Opens another one.
  void Open(std::size_t max_kept) {
    caller_.reset();
    store_ = nullptr;
    make_ = GetParam()();
    store_ = make_(max_kept);
    caller_.emplace(*store_);
  }

  StoreMaker make_;
  std::unique_ptr<Store> store_;
  std::optional<StoreCaller> caller_;
};

}  // namespace airlock::policy
