// Our keys and the host's keys, against a real sshd.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "tests/integration/ssh/ssh_test.h"
#include "tests/support/sanitized.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_sshd.h"

namespace airlock::executor {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string ReadText(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

MATCHER_P(HasReason, reason, "has the reason") {
  *result_listener << GetStatus(arg).ToString();
  return ErrorReason(GetStatus(arg)) == reason;
}

// What we may log in with. Of each ecdsa key libssh2 1.10 forgets two numbers,
// which a sanitizer takes for ours.
std::vector<const char*> KeyTypes() {
  if (kSanitized) return {"ed25519"};
  return {"ed25519", "ecdsa"};
}

// How `sshd` is named in known_hosts files.
std::string NameOf(const TestSshd& sshd) {
  return absl::StrCat("[127.0.0.1]:", sshd.port());
}

// ---- Our key.

TEST(SshKeyTest, Ed25519AndEcdsaLogIn) {
  TestSshd sshd;
  SshTarget target = PatientTarget(sshd);
  for (const char* type : KeyTypes()) {
    target.private_key_path = sshd.MakeKey(type);

    EXPECT_THAT(Dial(target), IsOk()) << type;
  }
}

TEST(SshKeyTest, AnEncryptedKeyOpensWithItsPassphrase) {
  TestSshd sshd;
  SshTarget target = PatientTarget(sshd);
  target.passphrase_path = sshd.directory() / "passphrase";
  WriteText(target.passphrase_path, "correct horse\n");
  for (const char* type : KeyTypes()) {
    target.private_key_path = sshd.MakeKey(type, "correct horse");

    EXPECT_THAT(Dial(target), IsOk()) << type;
  }
}

TEST(SshKeyTest, AnEncryptedPemKeyOpensWithItsPassphrase) {
  TestSshd sshd;
  SshTarget target = PatientTarget(sshd);
  target.private_key_path = sshd.MakeKey("ecdsa", "old");
  RunTool({"/usr/bin/ssh-keygen", "-p", "-m", "PEM", "-P", "old", "-N",
           "correct horse", "-f", target.private_key_path});
  target.passphrase_path = sshd.directory() / "passphrase";
  WriteText(target.passphrase_path, "correct horse");
  EXPECT_THAT(Dial(target), IsOk());

  WriteText(target.passphrase_path, "wrong horse");
  EXPECT_THAT(Dial(target), AllOf(HasReason("PRIVATE_KEY_UNUSABLE")));
}

TEST(SshKeyTest, AWrongPassphraseNamesItsSetting) {
  TestSshd sshd;
  SshTarget target = PatientTarget(sshd);
  target.private_key_path = sshd.MakeKey("ed25519", "correct horse");
  target.passphrase_path = sshd.directory() / "passphrase";
  WriteText(target.passphrase_path, "wrong horse");

  const auto connection = Dial(target);

  EXPECT_THAT(connection,
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("sandbox.ssh.passphrasePath"),
                             Not(HasSubstr("wrong horse")))));
}

TEST(SshKeyTest, AnEncryptedKeyWithoutPassphraseIsRefused) {
  TestSshd sshd;
  SshTarget target = PatientTarget(sshd);
  target.private_key_path = sshd.MakeKey("ed25519", "correct horse");

  EXPECT_THAT(Dial(target), StatusIs(absl::StatusCode::kFailedPrecondition,
                                     HasSubstr("is encrypted: name a file")));
}

TEST(SshKeyTest, RsaIsRefusedInEveryFormat) {
  TestSshd sshd;
  SshTarget target = PatientTarget(sshd);
  target.private_key_path = sshd.MakeKey("rsa");
  for (const char* format : {"RFC4716", "PEM", "PKCS8"}) {
    RunTool({"/usr/bin/ssh-keygen", "-p", "-m", format, "-P", "", "-N", "",
             "-f", target.private_key_path});

    EXPECT_THAT(Dial(target),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         AllOf(HasSubstr("RSA"), HasSubstr("-t ed25519"))))
        << format;
  }
}

TEST(SshKeyTest, AKeyOthersCanReadIsRefusedWithTheCommand) {
  TestSshd sshd;
  const SshTarget target = PatientTarget(sshd);
  for (const mode_t mode : {0640, 0604, 0620, 0602}) {
    chmod(target.private_key_path.c_str(), mode);

    EXPECT_THAT(Dial(target),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         HasSubstr(absl::StrCat("chmod 600 ",
                                                target.private_key_path))));
  }
}

TEST(SshKeyTest, AnothersKeyIsRefused) {
  if (getuid() != 0) GTEST_SKIP() << "gives a file away";
  TestSshd sshd;
  const SshTarget target = PatientTarget(sshd);
  ASSERT_EQ(chown(target.private_key_path.c_str(), sshd.uid(), 0), 0);

  EXPECT_THAT(Dial(target), StatusIs(absl::StatusCode::kFailedPrecondition,
                                     HasSubstr("chown 0 ")));
}

TEST(SshKeyTest, WhatIsNoKeyIsRefused) {
  TestSshd sshd;
  SshTarget target = PatientTarget(sshd);
  target.private_key_path = sshd.directory() / "missing";
  EXPECT_THAT(Dial(target),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("sandbox.ssh.privateKeyPath"),
                             HasSubstr("No such file"))));

  target.private_key_path = sshd.directory().path();
  EXPECT_THAT(Dial(target), StatusIs(absl::StatusCode::kFailedPrecondition,
                                     HasSubstr("regular file")));

  target.private_key_path = sshd.directory() / "text";
  WriteText(target.private_key_path, "not a key");
  EXPECT_THAT(Dial(target), StatusIs(absl::StatusCode::kFailedPrecondition,
                                     HasSubstr("does not hold a private key")));
}

TEST(SshKeyTest, AKeyTheAccountDoesNotAcceptIsRefusedByTheHost) {
  TestSshd sshd;
  SshTarget target = PatientTarget(sshd);
  target.private_key_path = sshd.MakeKey("ed25519", "", /*accepted=*/false);

  EXPECT_THAT(Dial(target), StatusIs(absl::StatusCode::kPermissionDenied,
                                     HasSubstr("authorized_keys")));
}

// ---- The host's key.

TEST(SshHostKeyTest, AnUnknownKeyIsRefusedWithTheLineToAdd) {
  TestSshd sshd;
  SshTarget target = PatientTarget(sshd);
  target.host_key_fingerprint.clear();
  const std::string line = absl::StrCat(NameOf(sshd), " ", sshd.HostKey());

  EXPECT_THAT(
      Dial(target),
      AllOf(HasReason("HOST_KEY_UNKNOWN"),
            StatusIs(absl::StatusCode::kFailedPrecondition,
                     AllOf(HasSubstr(sshd.HostKeyFingerprint()),
                           HasSubstr("hostKeyFingerprint"), HasSubstr(line)))));
  EXPECT_THAT(sshd.log(), Not(HasSubstr("publickey"))) << "said who we are";

  WriteText(target.known_hosts_path, line);
  EXPECT_THAT(Dial(target), IsOk());
}

TEST(SshHostKeyTest, ANewKeyIsKeptIfThatIsAllowed) {
  TestSshd sshd;
  SshTarget target = PatientTarget(sshd);
  target.host_key_fingerprint.clear();
  target.accept_new_host_keys = true;
  WriteText(target.known_hosts_path, "# no newline after this");
  EXPECT_THAT(Dial(target), IsOk());

  target.accept_new_host_keys = false;
  EXPECT_THAT(Dial(target), IsOk());
  EXPECT_EQ(ReadText(target.known_hosts_path),
            absl::StrCat("# no newline after this\n", NameOf(sshd), " ",
                         sshd.HostKey(), "\n"));
}

TEST(SshHostKeyTest, ANewKeyThatCannotBeKeptIsRefused) {
  TestSshd sshd;
  SshTarget target = PatientTarget(sshd);
  target.host_key_fingerprint.clear();
  target.accept_new_host_keys = true;
  target.known_hosts_path = "/proc/airlock/known_hosts";

  EXPECT_THAT(Dial(target), HasReason("HOST_KEY_NOT_SAVED"));
}

TEST(SshHostKeyTest, AChangedKeyIsRefusedEvenIfNewOnesAreAccepted) {
  TestSshd sshd;
  SshTarget target = PatientTarget(sshd);
  target.host_key_fingerprint.clear();
  target.accept_new_host_keys = true;
  ASSERT_THAT(Dial(target), IsOk());
  const std::string before = sshd.HostKeyFingerprint();

  sshd.ReplaceHostKey("ed25519");
  sshd.Restart();

  EXPECT_THAT(Dial(target),
              AllOf(HasReason("HOST_KEY_CHANGED"),
                    StatusIs(absl::StatusCode::kFailedPrecondition,
                             AllOf(HasSubstr(before),
                                   HasSubstr(sshd.HostKeyFingerprint())))));
}

TEST(SshHostKeyTest, AKeyOfAnotherTypeIsNotANewKey) {
  const TestSshd known({.host_key_types = {"ecdsa"}});
  const TestSshd sshd({.host_key_types = {"ed25519"}});
  SshTarget target = PatientTarget(sshd);
  target.host_key_fingerprint.clear();
  target.accept_new_host_keys = true;
  WriteText(target.known_hosts_path,
            absl::StrCat(NameOf(sshd), " ", known.HostKey("ecdsa")));

  EXPECT_THAT(Dial(target), HasReason("HOST_KEY_CHANGED"));
}

TEST(SshHostKeyTest, TheKeyThatIsKnownIsAskedFor) {
  const TestSshd sshd({.host_key_types = {"ed25519", "ecdsa"}});
  SshTarget target = PatientTarget(sshd);
  target.host_key_fingerprint.clear();
  WriteText(target.known_hosts_path,
            absl::StrCat(NameOf(sshd), " ", sshd.HostKey("ecdsa")));

  EXPECT_THAT(Dial(target), IsOk());
}

TEST(SshHostKeyTest, AFingerprintMayBeOfAnyKeyOfTheHost) {
  const TestSshd sshd({.host_key_types = {"ed25519", "ecdsa"}});
  SshTarget target = PatientTarget(sshd);
  for (const char* type : {"ed25519", "ecdsa"}) {
    target.host_key_fingerprint = sshd.HostKeyFingerprint(type);

    EXPECT_THAT(Dial(target), IsOk()) << type;
  }
}

TEST(SshHostKeyTest, AnotherFingerprintIsRefusedWhateverTheFilesSay) {
  const TestSshd other;
  const TestSshd sshd({.host_key_types = {"ed25519", "ecdsa"}});
  SshTarget target = PatientTarget(sshd);
  WriteText(target.known_hosts_path,
            absl::StrCat(NameOf(sshd), " ", sshd.HostKey()));
  target.host_key_fingerprint = other.HostKeyFingerprint();

  EXPECT_THAT(Dial(target),
              AllOf(HasReason("HOST_KEY_CHANGED"),
                    StatusIs(absl::StatusCode::kFailedPrecondition,
                             AllOf(HasSubstr(other.HostKeyFingerprint()),
                                   HasSubstr(sshd.HostKeyFingerprint())))));
}

TEST(SshHostKeyTest, AHashedNameIsFound) {
  const TestSshd sshd;
  SshTarget target = PatientTarget(sshd);
  target.host_key_fingerprint.clear();
  WriteText(target.known_hosts_path,
            absl::StrCat(NameOf(sshd), " ", sshd.HostKey(), "\n"));
  RunTool({"/usr/bin/ssh-keygen", "-H", "-f", target.known_hosts_path});
  ASSERT_THAT(ReadText(target.known_hosts_path), HasSubstr("|1|"));

  EXPECT_THAT(Dial(target), IsOk());
}

TEST(SshHostKeyTest, ARevokedKeyIsRefusedEvenIfItIsPinned) {
  const TestSshd sshd;
  SshTarget target = PatientTarget(sshd);
  WriteText(target.known_hosts_path,
            absl::StrCat(NameOf(sshd), " ", sshd.HostKey(), "\n@revoked * ",
                         sshd.HostKey(), "\n"));
  EXPECT_THAT(Dial(target), HasReason("HOST_KEY_REVOKED"));

  target.host_key_fingerprint.clear();
  EXPECT_THAT(Dial(target), HasReason("HOST_KEY_REVOKED"));
}

TEST(SshHostKeyTest, AHostWithAnRsaKeyOnlyIsExplained) {
  const TestSshd sshd({.host_key_types = {"rsa"}});

  EXPECT_THAT(Dial(PatientTarget(sshd)), HasReason("SSH_NO_COMMON_METHOD"));
}

}  // namespace
}  // namespace airlock::executor
