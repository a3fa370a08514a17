// A host program that breaks its word: says of a cell nobody asked for.
//
//   lying_host line ... --mark MARK ...
//
// Speaks as `airlock-runner line`, and adds to the file "hellos" in the home
// which host each Hello knew.
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <variant>

#include "services/runner/frame_io.h"
#include "services/runner/host/host_messages.h"
#include "services/runner/host/host_wire.h"

namespace {

using airlock::runner::CellData;
using airlock::runner::EncodeFrame;
using airlock::runner::Hello;
using airlock::runner::OpenCell;
using airlock::runner::ToHost;
using airlock::runner::Welcome;

void Answer(const Hello& hello) {
  const char* home = std::getenv("HOME");
  std::ofstream(std::string(home == nullptr ? "" : home) + "/hellos",
                std::ios::app)
      << "host=" << hello.host << "\n";
  Welcome welcome;
  welcome.host = "liar-" + std::to_string(::getpid());
  std::cout << EncodeFrame(welcome) << std::flush;
}

// Whether it goes on.
bool Handle(std::string_view frame) {
  ToHost message;
  std::string error;
  if (!airlock::runner::DecodeToHost(frame, message, error)) return false;
  if (const auto* hello = std::get_if<Hello>(&message)) Answer(*hello);
  if (const auto* open = std::get_if<OpenCell>(&message)) {
    std::cout << EncodeFrame(CellData{open->cell + 1000, "of nobody"})
              << std::flush;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::string_view(argv[i]) == "--mark") {
      std::cout << argv[i + 1] << std::flush;
    }
  }
  if (argc < 2 || std::string_view(argv[1]) != "line") return 0;
  airlock::runner::FrameReader reader;
  std::array<char, 65536> buffer{};
  while (true) {
    const ssize_t count = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (count <= 0 ||
        !reader.Feed({buffer.data(), static_cast<std::size_t>(count)},
                     Handle)) {
      return 0;
    }
  }
}
