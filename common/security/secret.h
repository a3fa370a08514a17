// Text that must not be printed.
#pragma once

#include <openssl/crypto.h>

#include <string>
#include <utility>

namespace airlock {

// Holds a password, token or key. Cannot be streamed, formatted, compared or
// copied by accident, and is wiped when it goes. Not thread-safe.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  ~Secret() { Wipe(); }
  Secret(Secret&& other) noexcept : value_(other.value_) { other.Wipe(); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      Wipe();
      value_ = other.value_;
      other.Wipe();
    }
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;

  // The text itself. Valid until this is changed or gone; do not keep copies.
  const std::string& Reveal() const { return value_; }

  bool empty() const { return value_.empty(); }

 private:
  void Wipe() {
    OPENSSL_cleanse(value_.data(), value_.size());
    value_.clear();
  }

  std::string value_;
};

}  // namespace airlock
