#include "services/runner/cell/cell_etc.h"

#include <unistd.h>

#include <array>

#include "services/runner/cell/cell_mounts.h"

namespace airlock::runner {
namespace {

// Files and folders of /etc that everybody may read, of several distributions.
// No whole folders of which a part is secret, such as ssl/private.
constexpr std::array kShown = {
    "alternatives",    "ca-certificates", "ca-certificates.conf",
    "crypto-policies", "ld.so.cache",     "ld.so.conf",
    "ld.so.conf.d",    "localtime",       "mime.types",
    "pki/ca-trust",    "pki/tls/certs",   "protocols",
    "services",        "ssl/certs",       "ssl/openssl.cnf"};
// How to find others, for a cell that may talk to them.
constexpr std::array kShownWithNetwork = {"hosts", "nsswitch.conf",
                                          "resolv.conf"};

void Show(const std::string& name, const std::string& etc) {
  const std::string source = "/etc/" + name;
  if (::access(source.c_str(), R_OK) == 0) {
    ShowReadOnly(source, etc + "/" + name);
  }
}

std::string Passwd(const CellSpec& spec) {
  return "sandbox:x:" + std::to_string(spec.uid) + ":" +
         std::to_string(spec.gid) +
         ":sandbox:/workspace:/bin/sh\n"
         "root:x:0:0:root:/:/usr/sbin/nologin\n";
}

std::string Group(const CellSpec& spec) {
  return "sandbox:x:" + std::to_string(spec.gid) + ":\nroot:x:0:\n";
}

}  // namespace

void MakeEtc(const std::string& etc, const CellSite& site,
             const CellSpec& spec) {
  for (const char* name : kShown) Show(name, etc);
  MakeFile(etc + "/passwd", Passwd(spec));
  MakeFile(etc + "/group", Group(spec));
  MakeFile(etc + "/hostname", "sandbox\n");
  if (site.network) {
    for (const char* name : kShownWithNetwork) Show(name, etc);
    return;
  }
  MakeFile(etc + "/hosts", "127.0.0.1 localhost sandbox\n::1 localhost\n");
  MakeFile(etc + "/nsswitch.conf",
           "passwd: files\ngroup: files\nhosts: files\n");
}

}  // namespace airlock::runner
