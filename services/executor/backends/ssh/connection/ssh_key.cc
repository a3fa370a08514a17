#include "services/executor/backends/ssh/connection/ssh_key.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "common/security/openssl.h"
#include "common/security/pem_file.h"
#include "common/status/error.h"
#include "services/executor/backends/ssh/connection/wire_reader.h"

namespace airlock::executor {
namespace {

constexpr absl::string_view kKeySetting = "sandbox.ssh.privateKeyPath";
constexpr absl::string_view kPassphraseSetting = "sandbox.ssh.passphrasePath";
constexpr absl::string_view kOpenSshBegin =
    "-----BEGIN OPENSSH PRIVATE KEY-----";
constexpr absl::string_view kOpenSshEnd = "-----END OPENSSH PRIVATE KEY-----";

absl::Status Unusable(absl::string_view setting, absl::string_view problem) {
  return MakeError(absl::StatusCode::kFailedPrecondition,
                   "PRIVATE_KEY_UNUSABLE", absl::StrCat(setting, ": ", problem),
                   {{"setting", std::string(setting)}});
}

// Of the file `what` the setting names: who may read and write it.
absl::Status CheckAccess(absl::string_view setting, const std::string& path) {
  struct stat info = {};
  // What cannot be looked at cannot be read either: that error says more.
  if (stat(path.c_str(), &info) != 0) return absl::OkStatus();
  if (!S_ISREG(info.st_mode)) {
    return Unusable(setting,
                    absl::StrCat("\"", path, "\" must be a regular file"));
  }
  if (info.st_uid != geteuid() && info.st_uid != 0) {
    return Unusable(setting,
                    absl::StrCat("\"", path, "\" belongs to user ", info.st_uid,
                                 ", but must belong to us or to root: chown ",
                                 geteuid(), " ", path));
  }
  const bool by_group = info.st_uid == 0 && geteuid() != 0;
  const mode_t forbidden = S_IRWXO | S_IWGRP | (by_group ? 0 : S_IRWXG);
  if ((info.st_mode & forbidden) == 0) return absl::OkStatus();
  return Unusable(
      setting,
      absl::StrCat("\"", path, "\" must be closed to others, but its ",
                   "mode is ", absl::StrFormat("%04o", info.st_mode & 07777U),
                   ": chmod ", by_group ? "440 " : "600 ", path));
}

absl::StatusOr<Secret> ReadClosedFile(absl::string_view setting,
                                      const std::string& path) {
  absl::Status access = CheckAccess(setting, path);
  if (!access.ok()) return access;
  absl::StatusOr<std::string> text = ReadPrivateFile(path);
  if (!text.ok()) return Unusable(setting, text.status().message());
  return Secret(*std::move(text));
}

// What a key's header says of it.
struct KeyHeader {
  // "ssh-ed25519", "ecdsa-...", "ssh-rsa"; "" if nobody can tell.
  std::string type;
  bool encrypted = false;
};

// OpenSSH's own format tells cipher and type before what is encrypted.
std::optional<KeyHeader> ReadOpenSshHeader(absl::string_view text) {
  const std::size_t begin = text.find(kOpenSshBegin);
  const std::size_t end = text.find(kOpenSshEnd);
  if (begin == absl::string_view::npos || end == absl::string_view::npos ||
      end < begin + kOpenSshBegin.size()) {
    return std::nullopt;
  }
  const std::size_t first = begin + kOpenSshBegin.size();
  std::string bytes;
  absl::string_view body;
  if (!absl::Base64Unescape(text.substr(first, end - first), &bytes)) {
    return std::nullopt;
  }
  const Secret owner(std::move(bytes));
  body = owner.Reveal();
  const absl::string_view magic("openssh-key-v1\0", 15);
  if (!absl::ConsumePrefix(&body, magic)) return std::nullopt;
  WireReader reader(body);
  const auto cipher = reader.ReadText();
  reader.ReadText();    // How the passphrase becomes a key.
  reader.ReadText();    // Its options.
  reader.ReadNumber();  // How many keys: one.
  const auto public_key = reader.ReadText();
  if (!cipher.has_value() || !public_key.has_value()) return std::nullopt;
  WireReader key(*public_key);
  const auto type = key.ReadText();
  if (!type.has_value()) return std::nullopt;
  return KeyHeader{std::string(*type), *cipher != "none"};
}

bool IsEncryptedPem(absl::string_view text) {
  return absl::StrContains(text, "Proc-Type: 4,ENCRYPTED") ||
         absl::StrContains(text, "BEGIN ENCRYPTED PRIVATE KEY");
}

int GivePassphrase(char* buffer, int size, int /*writing*/, void* passphrase) {
  const auto& text = *static_cast<const std::string*>(passphrase);
  if (static_cast<int>(text.size()) > size) return -1;
  std::copy(text.begin(), text.end(), buffer);
  return static_cast<int>(text.size());
}

// The type of a key in one of the forms OpenSSL reads; "" if it cannot.
std::string PemKeyType(const SshKey& key) {
  const OpenSslBio bio = ReadOnlyBio(key.text.Reveal());
  std::string passphrase = key.passphrase.Reveal();
  const EvpKey parsed(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, GivePassphrase, &passphrase));
  const Secret wiped(std::move(passphrase));
  if (parsed == nullptr) {
    TakeOpenSslError();
    return "";
  }
  switch (EVP_PKEY_base_id(parsed.get())) {
    case EVP_PKEY_RSA:
      return "ssh-rsa";
    case EVP_PKEY_EC:
      return "ecdsa";
    case EVP_PKEY_ED25519:
      return "ssh-ed25519";
    default:
      return "unknown";
  }
}

absl::Status CheckType(const std::string& path, absl::string_view type) {
  if (type == "ssh-ed25519" || absl::StartsWith(type, "ecdsa")) {
    return absl::OkStatus();
  }
  const std::string advice = absl::StrCat(
      "make another one, ssh-keygen -t ed25519 -f KEY, and add KEY.pub to the "
      "account's authorized_keys");
  if (type == "ssh-rsa") {
    return Unusable(kKeySetting,
                    absl::StrCat("\"", path,
                                 "\" is an RSA key, with which libssh2 1.10 "
                                 "cannot sign as hosts demand it (rsa-sha2): ",
                                 advice));
  }
  return Unusable(kKeySetting, absl::StrCat("\"", path,
                                            "\" must hold an ed25519 or ecdsa "
                                            "key: ",
                                            advice));
}

absl::Status CheckKey(const SshTarget& target, SshKey& key) {
  const std::string& path = target.private_key_path;
  const std::string& text = key.text.Reveal();
  const std::optional<KeyHeader> header = ReadOpenSshHeader(text);
  // A key of a kind that cannot work needs no passphrase.
  if (header.has_value()) {
    absl::Status usable = CheckType(path, header->type);
    if (!usable.ok()) return usable;
  } else if (absl::StrContains(text, "BEGIN RSA PRIVATE KEY")) {
    return CheckType(path, "ssh-rsa");
  } else if (!absl::StrContains(text, "PRIVATE KEY-----")) {
    return Unusable(kKeySetting, absl::StrCat("\"", path,
                                              "\" does not hold a private key "
                                              "as ssh-keygen writes it"));
  }
  key.encrypted = header.has_value() ? header->encrypted : IsEncryptedPem(text);
  if (key.encrypted && key.passphrase.empty()) {
    return Unusable(kPassphraseSetting,
                    absl::StrCat("the key \"", path,
                                 "\" is encrypted: name a "
                                 "file with its passphrase"));
  }
  if (header.has_value()) return absl::OkStatus();
  const std::string type = PemKeyType(key);
  if (type.empty() && key.encrypted) {
    return Unusable(kPassphraseSetting,
                    absl::StrCat("\"", target.passphrase_path, "\" does not ",
                                 "hold the passphrase of \"", path, "\""));
  }
  return CheckType(path, type);
}

}  // namespace

absl::StatusOr<SshKey> LoadSshKey(const SshTarget& target) {
  SshKey key;
  absl::StatusOr<Secret> text =
      ReadClosedFile(kKeySetting, target.private_key_path);
  if (!text.ok()) return text.status();
  key.text = *std::move(text);
  if (!target.passphrase_path.empty()) {
    absl::StatusOr<Secret> passphrase =
        ReadClosedFile(kPassphraseSetting, target.passphrase_path);
    if (!passphrase.ok()) return passphrase.status();
    absl::string_view line = passphrase->Reveal();
    // An editor's last newline is not part of it.
    absl::ConsumeSuffix(&line, "\n");
    absl::ConsumeSuffix(&line, "\r");
    key.passphrase = Secret(std::string(line));
  }
  absl::Status usable = CheckKey(target, key);
  if (!usable.ok()) return usable;
  return key;
}

}  // namespace airlock::executor
