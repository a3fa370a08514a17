#include "tests/support/fake_files.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/file_action/file_end.h"

namespace airlock {
namespace {

using Options = std::map<std::string, std::string>;

std::string Option(const Options& options, const std::string& name) {
  const auto found = options.find(name);
  return found == options.end() ? "" : found->second;
}

std::uint64_t Number(const Options& options, const std::string& name) {
  std::uint64_t number = 0;
  return absl::SimpleAtoi(Option(options, name), &number) ? number : 0;
}

std::string Path(const Options& options) {
  const std::string path = Option(options, "--path");
  return std::string(absl::StripPrefix(path, "/workspace/"));
}

int Code(FileEnd end) { return static_cast<int>(end); }

}  // namespace

void FakeFiles::Play(executor::ProcessSpec& spec) {
  if (spec.argv.size() < 3 || spec.argv[0] != executor::kRunnerProgram ||
      spec.argv[1] != "file") {
    return;
  }
  Options options;
  for (std::size_t i = 3; i + 1 < spec.argv.size(); i += 2) {
    options[spec.argv[i]] = spec.argv[i + 1];
  }
  int code = Code(FileEnd::kDone);
  std::string out;
  absl::MutexLock lock(&mutex_);
  if (spec.argv[2] == "read") {
    code = Read(options, out);
  } else if (spec.argv[2] == "list") {
    code = List(out);
  } else if (spec.argv[2] == "write") {
    code = Write(options, spec.stdin_data);
  } else if (files_.erase(Path(options)) == 0) {
    code = Code(FileEnd::kNotFound);
  }
  spec.stdin_data = out;
  spec.argv = {"cat"};
  if (code != 0) spec.argv = {"exit", absl::StrCat(code)};
}

int FakeFiles::Read(const Options& options, std::string& out) const {
  const auto found = files_.find(Path(options));
  if (found == files_.end()) return Code(FileEnd::kNotFound);
  const std::uint64_t offset = std::min<std::uint64_t>(
      Number(options, "--offset"), found->second.size());
  const std::uint64_t limit = Number(options, "--limit");
  out = found->second.substr(offset, limit == 0 ? std::string::npos : limit);
  return Code(FileEnd::kDone);
}

int FakeFiles::List(std::string& out) const {
  for (const auto& [path, content] : files_) {
    absl::StrAppend(&out, R"({"name":")", path, R"(","type":"file","size":)",
                    content.size(), R"(,"mode":420,"mtimeMs":0})", "\n");
  }
  return Code(FileEnd::kDone);
}

int FakeFiles::Write(const Options& options, const std::string& content) {
  const std::string existing = Option(options, "--existing");
  const auto [file, made] = files_.try_emplace(Path(options));
  if (existing == "refuse" && !made) return Code(FileEnd::kExists);
  if (existing != "append") file->second.clear();
  file->second += content;
  return Code(FileEnd::kDone);
}

}  // namespace airlock
