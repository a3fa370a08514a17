// Turns the profile of system calls into a header with the filter the kernel
// takes, one for each architecture. Runs while Airlock is built.
#include <linux/filter.h>
#include <seccomp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"

namespace {

using nlohmann::json;

struct Architecture {
  std::uint32_t token;
  // How the profile and the compiler call it.
  const char* profile_name;
  const char* macro;
};

constexpr std::array kArchitectures = {
    Architecture{SCMP_ARCH_X86_64, "SCMP_ARCH_X86_64", "__x86_64__"},
    Architecture{SCMP_ARCH_AARCH64, "SCMP_ARCH_AARCH64", "__aarch64__"}};

using Filter = std::unique_ptr<void, decltype(&seccomp_release)>;

void Check(int returned, const std::string& what) {
  if (returned < 0) {
    throw std::runtime_error(what + ": " + std::strerror(-returned));
  }
}

// `rule` as in the profile, or its defaults: "errnoRet" goes with ERRNO.
std::uint32_t Action(const json& rule, const char* action, const char* error) {
  const std::string word = rule.at(action);
  if (word == "SCMP_ACT_ALLOW") return SCMP_ACT_ALLOW;
  if (word == "SCMP_ACT_ERRNO") {
    return SCMP_ACT_ERRNO(rule.at(error).get<std::uint32_t>());
  }
  throw std::runtime_error("unknown action " + word);
}

scmp_arg_cmp Comparison(const json& argument) {
  scmp_arg_cmp comparison{};
  comparison.arg = argument.at("index").get<unsigned>();
  comparison.datum_a = argument.at("value").get<scmp_datum_t>();
  const std::string word = argument.at("op");
  if (word == "SCMP_CMP_EQ") {
    comparison.op = SCMP_CMP_EQ;
  } else if (word == "SCMP_CMP_MASKED_EQ") {
    comparison.op = SCMP_CMP_MASKED_EQ;
    comparison.datum_b = argument.at("valueTwo").get<scmp_datum_t>();
  } else {
    throw std::runtime_error("unknown comparison " + word);
  }
  return comparison;
}

void AddRule(const json& rule, scmp_filter_ctx filter) {
  const std::uint32_t action = Action(rule, "action", "errnoRet");
  std::vector<scmp_arg_cmp> comparisons;
  for (const json& argument : rule.value("args", json::array())) {
    comparisons.push_back(Comparison(argument));
  }
  for (const std::string name : rule.at("names")) {
    const int number = seccomp_syscall_resolve_name(name.c_str());
    // Newer than the library: refused then, as everything that is not named.
    if (number == __NR_SCMP_ERROR) continue;
    Check(seccomp_rule_add_array(filter, action, number,
                                 static_cast<unsigned>(comparisons.size()),
                                 comparisons.data()),
          name);
  }
}

std::vector<sock_filter> Export(scmp_filter_ctx filter) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(),
                                                             &std::fclose);
  if (!file) throw std::runtime_error("no temporary file");
  Check(seccomp_export_bpf(filter, ::fileno(file.get())), "export");
  std::rewind(file.get());
  std::vector<sock_filter> program;
  sock_filter instruction{};
  while (std::fread(&instruction, sizeof(instruction), 1, file.get()) == 1) {
    program.push_back(instruction);
  }
  return program;
}

std::vector<sock_filter> Compile(const json& profile, std::uint32_t token) {
  const Filter filter(
      seccomp_init(Action(profile, "defaultAction", "defaultErrnoRet")),
      &seccomp_release);
  if (!filter) throw std::runtime_error("no filter");
  if (token != seccomp_arch_native()) {
    Check(seccomp_arch_add(filter.get(), token), "architecture");
    Check(seccomp_arch_remove(filter.get(), seccomp_arch_native()),
          "native architecture");
  }
  // By number, not by list: every call inside is checked.
  Check(seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2),
        "optimize");
  for (const json& rule : profile.at("syscalls")) {
    AddRule(rule, filter.get());
  }
  return Export(filter.get());
}

void Print(const std::vector<sock_filter>& program, std::ostream& out) {
  out << "inline constexpr std::array<sock_filter, " << program.size()
      << "> kSeccompFilter = {{\n";
  for (const sock_filter& one : program) {
    out << "    {" << one.code << ", " << unsigned{one.jt} << ", "
        << unsigned{one.jf} << ", " << one.k << "u},\n";
  }
  out << "}};\n";
}

std::string Header(const json& profile) {
  std::ostringstream out;
  out << "// Generated from the profile of system calls.\n#pragma once\n\n"
         "#include <linux/filter.h>\n\n#include <array>\n\n"
         "namespace airlock::runner {\n\n";
  const char* directive = "#if";
  for (const Architecture& architecture : kArchitectures) {
    const json& named = profile.at("architectures");
    if (std::find(named.begin(), named.end(), architecture.profile_name) ==
        named.end()) {
      throw std::runtime_error(std::string(architecture.profile_name) +
                               " is not in the profile");
    }
    out << directive << " defined(" << architecture.macro << ")\n";
    Print(Compile(profile, architecture.token), out);
    directive = "#elif";
  }
  out << "#else\n#error \"no filter of system calls for this "
         "architecture\"\n#endif\n\n}  // namespace airlock::runner\n";
  return out.str();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: compile_seccomp PROFILE.json HEADER.h\n";
    return EXIT_FAILURE;
  }
  try {
    const std::string header = Header(json::parse(std::ifstream(argv[1])));
    std::ofstream out(argv[2]);
    out << header;
    out.close();
    if (out) return EXIT_SUCCESS;
    std::cerr << "cannot write " << argv[2] << "\n";
  } catch (const std::exception& error) {
    std::cerr << argv[1] << ": " << error.what() << "\n";
  }
  return EXIT_FAILURE;
}
