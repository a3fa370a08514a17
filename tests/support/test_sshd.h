// A real OpenSSH server on a port of the loopback address.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "services/executor/backends/ssh/connection/ssh_target.h"
#include "tests/support/child_process.h"
#include "tests/support/temporary_directory.h"

namespace airlock {

struct TestSshdOptions {
  // Lines of sshd_config, before ours: of each keyword the first one counts.
  // Such as "MaxSessions 1", "RekeyLimit 16M", "ForceCommand /bin/false".
  std::vector<std::string> config_lines{};
  // As ssh-keygen -t takes them: one key of the host for each.
  std::vector<std::string> host_key_types = {"ed25519"};
  // What the login shell (bash) runs before every command.
  std::string profile{};
  // Who logs in. Another name keeps what is counted by account apart.
  std::string user = "airlock-ssh-test";
};

// An sshd with its own configuration, host keys, accepted keys and a home of
// its own. Who logs in is an ordinary user, made if missing; or, where the
// tests do not run as root, whoever runs them. Throws if it cannot be set up,
// which fails the test. Start it from a thread that lives as long as the test
// does. Not thread-safe.
class TestSshd {
 public:
  explicit TestSshd(TestSshdOptions options = {});
  // Ends the server, its sessions and whatever programs logins left behind.
  ~TestSshd();
  TestSshd(const TestSshd&) = delete;
  TestSshd& operator=(const TestSshd&) = delete;

  // How to log in, with an accepted ed25519 key and the fingerprint of the
  // first host key.
  executor::SshTarget Target() const;

  // Makes a key pair ("ed25519", "ecdsa", "rsa"), accepts it if `accepted`,
  // and returns the path of the private one.
  std::string MakeKey(const std::string& type,
                      const std::string& passphrase = "", bool accepted = true);
  // Replaces the host's key of this type by a new one; use Restart() after it.
  void ReplaceHostKey(const std::string& type);

  // "ssh-ed25519 AAAA...": the host's public key of this type.
  std::string HostKey(const std::string& type = "ed25519") const;
  // "SHA256:...".
  std::string HostKeyFingerprint(const std::string& type = "ed25519") const;

  // Has the listener's process id told to `prepare`: now, and whenever one is
  // started, before anybody logs in.
  void OnStart(std::function<void(pid_t)> prepare);

  // Kills the listener and every session.
  void Stop();
  // Kills every session; new ones are welcome.
  void StopSessions();
  // Stops, and listens on the same port again.
  void Restart();
  // Stops and resumes the listener and the processes of every session: they
  // keep their sockets and say nothing.
  void Freeze();
  void Thaw();
  // Kills the programs that logins started and that still run, whatever
  // session they are in.
  void StopPrograms();

  int port() const { return port_; }
  // The account that logs in, and its home: empty, with room for a test's own
  // files.
  const std::string& user() const { return user_; }
  uid_t uid() const { return uid_; }
  std::string home() const { return directory_ / "home"; }
  // A folder for files of the test, which the account can pass through.
  const TemporaryDirectory& directory() const { return directory_; }
  // What sshd logged since it was started last.
  std::string log() const { return sshd_->output(); }

 private:
  void MakeUser();
  void MakeHome();
  void WriteConfig() const;
  void Start();
  // Stops the processes of every session, and says which they are.
  std::vector<pid_t> FreezeSessions() const;

  const TestSshdOptions options_;
  const int port_;
  TemporaryDirectory directory_;
  std::string user_;
  uid_t uid_ = 0;
  gid_t gid_ = 0;
  std::string key_path_;
  std::unique_ptr<ChildProcess> sshd_;
  std::function<void(pid_t)> prepare_;
  int key_count_ = 0;
};

// Runs a program of the machine and returns what it wrote, without the last
// newline. Throws if it fails.
std::string RunTool(const std::vector<std::string>& argv);

}  // namespace airlock
