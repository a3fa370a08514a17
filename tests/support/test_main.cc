#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

int main(int argc, char** argv) {
  testing::InitGoogleMock(&argc, argv);
  // A peer that goes away is an error to handle, not a reason to die.
  std::signal(SIGPIPE, SIG_IGN);
  return RUN_ALL_TESTS();
}
