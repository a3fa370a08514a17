"""Shows that each check can fail: a small bad tree must be refused."""

import contextlib
import io
import os
import subprocess
import tempfile
import unittest

import buf_lint
import clang_format
import clang_tidy
import committed_text
import config_reference
import include_directions
import metrics_reference
import monitoring
import sizes


class CheckTest(unittest.TestCase):
    """A tree of its own for each test."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = folder.name

    def put(self, path, text):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)

    def git(self, *arguments):
        subprocess.run(
            ["git", "-C", self.root, "-c", "user.name=t", "-c",
             "user.email=t@example.com", *arguments],
            check=True, capture_output=True)


class IncludeDirectionsTest(CheckTest):

    def refused(self, path, header):
        self.put(path, f"#include {header}\n")
        problems, count = include_directions.problems_of(self.root)
        self.assertEqual(count, 1)
        return problems

    def test_common_must_not_know_a_service(self):
        self.assertTrue(self.refused("common/a/a.h",
                                     '"services/policy/engine/rule.h"'))

    def test_services_do_not_know_tests(self):
        self.assertTrue(self.refused("services/policy/main.cc",
                                     '"tests/support/fake_clock.h"'))

    def test_one_service_must_not_know_another(self):
        self.assertTrue(self.refused("services/gateway/rpc/a.cc",
                                     '"services/policy/engine/rule.h"'))

    def test_the_command_may_hold_the_services_and_nothing_behind_them(self):
        self.assertFalse(self.refused("services/cli/up.cc",
                                      '"services/policy/policy_app.h"'))
        self.assertTrue(self.refused("services/cli/up.cc",
                                     '"services/policy/engine/rule.h"'))

    def test_only_the_app_names_a_backend(self):
        backend = '"services/executor/backends/docker/docker_backend.h"'
        self.assertFalse(self.refused("services/executor/executor_app.cc",
                                      backend))
        os.remove(os.path.join(self.root, "services/executor/executor_app.cc"))
        self.assertTrue(self.refused("services/executor/dispatch/a.cc",
                                     backend))

    def test_domain_rooms_do_not_know_handlers(self):
        self.assertTrue(self.refused("services/policy/dispatch/a.cc",
                                     '"services/policy/rpc/handler.h"'))

    def test_the_engine_knows_no_other_room(self):
        self.assertTrue(self.refused("services/policy/engine/a.cc",
                                     '"services/policy/dispatch/queue.h"'))

    def test_libraries_stay_in_their_rooms(self):
        for path, header in [
                ("services/policy/engine/a.cc", "<grpcpp/grpcpp.h>"),
                ("services/policy/engine/a.cc", '"airlock/v1/x.grpc.pb.h"'),
                ("services/gateway/rpc/a.cc", "<nlohmann/json.hpp>"),
                ("services/executor/dispatch/a.cc", "<curl/curl.h>"),
                ("services/executor/sandbox/a.cc", "<libssh2.h>"),
                ("common/status/a.cc", '"absl/log/log.h"')]:
            with self.subTest(header=header):
                self.assertTrue(self.refused(path, header))
                os.remove(os.path.join(self.root, path))

    def test_includes_are_written_from_the_root(self):
        self.assertTrue(self.refused("common/a/a.cc", '"../b/b.h"'))


class ClangFormatTest(CheckTest):

    def test_finds_what_is_not_formatted(self):
        self.put(".clang-format", "BasedOnStyle: Google\n")
        self.put("common/good.cc", "int main() { return 0; }\n")
        self.assertEqual(clang_format.problems_of(self.root)[0], [])

        self.put("common/bad.cc", "int  main( ){return 0;}\n")
        problems, _ = clang_format.problems_of(self.root)

        self.assertEqual(len(problems), 1)
        self.assertIn("common/bad.cc", problems[0])


class ClangTidyTest(CheckTest):

    def setUp(self):
        super().setUp()
        self.put(".clang-tidy", "Checks: '-*,readability-else-after-return'\n"
                                "WarningsAsErrors: '*'\n")
        self.put("common/old.cc", "int F(int a) {\n  if (a) {\n    return 1;\n"
                                  "  } else {\n    return 2;\n  }\n}\n")
        self.git("init", "-q")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "one")
        self.put("build/compile_commands.json", "[" + ",".join(
            f'{{"directory": "{self.root}", "command": "c++ -c {name}", '
            f'"file": "{name}"}}'
            for name in (os.path.join(self.root, "common", file)
                         for file in ("old.cc", "new.cc"))) + "]")
        with open(os.path.join(self.root, "common/old.cc"),
                  encoding="utf-8") as file:
            self.bad = file.read()

    def run_check(self, base="HEAD", seconds=60):
        return clang_tidy.problems_of(
            self.root, os.path.join(self.root, "build"), base, seconds)

    def test_nothing_changed_is_fine(self):
        self.assertEqual(self.run_check(), ([], 0, []))

    def test_finds_what_is_wrong_in_a_changed_file_only(self):
        self.put("common/new.cc", self.bad.replace("F(", "G("))

        problems, checked, _ = self.run_check()

        self.assertEqual(checked, 1)
        self.assertIn("common/new.cc:4", problems[0])

    def test_no_time_is_not_success(self):
        self.put("common/new.cc", self.bad)

        problems, checked, late = self.run_check(seconds=0)

        self.assertEqual((checked, late), (0, ["common/new.cc"]))
        self.assertTrue(problems)

    def test_a_first_commit_is_compared_with_nothing(self):
        problems, checked, _ = self.run_check(
            clang_tidy.default_base(self.root))

        self.assertEqual(checked, 1)
        self.assertTrue(problems)


class CommittedTextTest(CheckTest):

    def assert_refused(self, path, text):
        self.put(path, text)
        self.assertTrue(committed_text.problems_of(self.root)[0])

    def test_clean_text_passes(self):
        self.put("README.md", "Run `bin/airlock up`, see /workspace/a.\n")
        self.assertEqual(committed_text.problems_of(self.root), ([], 1))

    def test_paths_of_one_machine(self):
        self.assert_refused("a.sh", "cd /wor" + "k/main\n")

    def test_home_folders(self):
        self.assert_refused("a.sh", "cat /ro" + "ot/x\n")

    def test_registry_addresses_in_lock_files(self):
        self.assert_refused("x/package-lock.json",
                            '{"resol' + 'ved": "https://example.com/a.tgz"}\n')

    def test_conflict_markers(self):
        self.assert_refused("a.md", "<<<" + "<<<< HEAD\n")

    def test_private_keys(self):
        self.assert_refused("a.pem", "-----BEGIN PRIVATE " + "KEY-----\nMII\n")

    def test_blanks_at_the_end_of_a_line(self):
        self.assert_refused("a.cc", "int a; \n")


class SizesTest(CheckTest):

    def problems(self):
        with contextlib.redirect_stdout(io.StringIO()):
            return sizes.problems_of(self.root)[0]

    def test_refuses_a_long_file(self):
        self.put("common/a.cc", "int a;\n" * sizes.MAX_FILE_LINES)
        self.assertEqual(self.problems(), [])

        self.put("common/b.cc", "int a;\n" * (sizes.MAX_FILE_LINES + 1))
        self.assertEqual(len(self.problems()), 1)

    def test_measures_functions(self):
        text = ("int F(int a) {\n  if (a) {\n    return 1;\n  }\n  return 2;\n"
                "}\nclass C {\n  void G() {\n    F(1);\n  }\n};\n")
        self.assertEqual(sizes.functions_of(text), [(6, 1), (3, 8)])


class EqualTestsTest(CheckTest):
    """Of CMake's own making, but a check like the others."""

    def configure(self, names):
        """Each name is a test in a folder of its own."""
        verbs = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                             "../../common/cmake/Airlock.cmake")
        text = ("cmake_minimum_required(VERSION 3.25)\nproject(a NONE)\n"
                f"enable_testing()\ninclude({verbs})\n")
        for number, name in enumerate(names):
            self.put(f"{number}/below/CMakeLists.txt",
                     f"add_test(NAME {name} COMMAND true)\n")
            text += f"add_subdirectory({number}/below)\n"
        self.put("CMakeLists.txt", text + "airlock_refuse_equal_tests("
                 "${CMAKE_SOURCE_DIR})\n")
        return subprocess.run(
            ["cmake", "-S", self.root, "-B", os.path.join(self.root, "build")],
            capture_output=True, text=True, check=False)

    def test_two_folders_need_two_names(self):
        self.assertEqual(self.configure(["one", "two"]).returncode, 0)

        refused = self.configure(["one", "two", "one"])

        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("two tests are named one", refused.stderr)


class BufLintTest(CheckTest):

    @unittest.skipUnless("AIRLOCK_BUF_DIR" in os.environ,
                         "AIRLOCK_BUF_DIR says where buf is installed")
    def test_finds_a_bad_name(self):
        install_dir = os.environ["AIRLOCK_BUF_DIR"]
        self.put("buf.yaml", "version: v2\nmodules:\n  - path: proto\n"
                             "lint:\n  use:\n    - STANDARD\n")
        good = ('syntax = "proto3";\n\npackage a.v1;\n\n'
                "message Thing {}\n")
        self.put("proto/a/v1/a.proto", good)
        self.assertEqual(buf_lint.problems_of(self.root, install_dir), [])

        self.put("proto/a/v1/a.proto", good.replace("Thing", "bad_thing"))
        self.assertTrue(buf_lint.problems_of(self.root, install_dir))


class ConfigReferenceTest(CheckTest):

    PROTO = """
// The file.
message Config {
  // Where things run.
  Box box = 1;
  // By name.
  map<string, Box> more_boxes = 2;
}

// A JSON array of strings.
message StringList {
  // Its elements.
  repeated string values = 1;
}

// A box.
message Box {
  // How big. Default: "1m".
  optional string max_size = 1;
  // What is in it.
  StringList its_things = 2;
  // Boxes in it.
  Boxes inner = 3;
}

// A JSON object.
message Boxes {
  // Its members.
  map<string, Lid> values = 1;
}

// A lid.
message Lid {
  // How tight.
  optional int64 turns = 1;
}
"""

    def setUp(self):
        super().setUp()
        self.put(config_reference.PROTO, self.PROTO)
        self.put(config_reference.README,
                 f"a\n{config_reference.BEGIN}\n{config_reference.END}\nb\n")

    def test_a_missing_key_is_found(self):
        problems = config_reference.problems_of(self.root)
        self.assertTrue(any("box.maxSize" in one for one in problems))

    def test_a_key_that_is_no_more_is_found(self):
        config_reference.write(self.root)
        self.put(config_reference.PROTO,
                 self.PROTO.replace("max_size", "size"))
        problems = config_reference.problems_of(self.root)
        self.assertTrue(any("not in" in one and "box.maxSize" in one
                            for one in problems))

    def test_write_brings_them_together(self):
        config_reference.write(self.root)
        self.assertEqual(config_reference.problems_of(self.root), [])
        with open(os.path.join(self.root, "README.md"),
                  encoding="utf-8") as file:
            text = file.read()
        self.assertIn('| `box.maxSize` | text | How big. Default: "1m". |', text)
        self.assertIn("| `box.itsThings[]` | text |", text)
        self.assertIn("| `box.inner.<name>.turns` | number |", text)
        self.assertIn("| `moreBoxes.<id>.maxSize` |", text)
        self.assertTrue(text.startswith("a\n") and text.endswith("\nb\n"))


class MetricsReferenceTest(CheckTest):

    def problems(self):
        return metrics_reference.problems_of(self.root)[0]

    def test_a_metric_must_be_named_and_exist(self):
        self.put("services/a/a_metrics.cc", 'Name("airlock_a_things_total")\n')
        self.put("README.md", "`airlock_a_things_total`\n")
        self.assertEqual(self.problems(), [])

        self.put("README.md", "`airlock_b_things_total`\n")
        self.assertEqual(len(self.problems()), 2)


ALERTS = """groups:
  - name: a
    rules:
      - record: airlock:a:rate5m
        expr: rate(airlock_a_things_total[5m])
      - alert: Things
        expr: airlock:a:rate5m > 1
        for: 1m
        labels:
          severity: warning
        annotations:
          summary: Many things
          description: Too many.
          runbook_url: README.md#many-things
"""
ALERTS_TEST = """rule_files: [alerts.yml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - series: airlock_a_things_total
        values: 0+600x10
    alert_rule_test:
      - eval_time: 8m
        alertname: Things
        exp_alerts:
          - exp_labels:
              severity: warning
            exp_annotations:
              summary: Many things
              description: Too many.
              runbook_url: README.md#many-things
"""
DASHBOARD = """{"panels": [{"title": "Row"}, {"title": "Things", "targets": [
    {"expr": "sum(airlock_a_things_seconds_bucket)"}]}]}"""


class MonitoringTest(CheckTest):

    def setUp(self):
        super().setUp()
        self.put("README.md", "#### Many things\n\n"
                 "| `airlock_a_things_total` | `airlock_a_things_seconds` |\n")
        self.put("deploy/prometheus/alerts.yml", ALERTS)
        self.put("deploy/prometheus/alerts_test.yml", ALERTS_TEST)
        self.put("deploy/grafana/airlock.json", DASHBOARD)

    def problems(self):
        return monitoring.problems_of(self.root)[0]

    def refused(self, old, new):
        self.assertIn(old, ALERTS)
        self.put("deploy/prometheus/alerts.yml", ALERTS.replace(old, new))
        return self.problems()

    def test_complete_alerts_pass(self):
        self.assertEqual(self.problems(), [])
        self.assertEqual(monitoring.promtool_problems(self.root), [])

    def test_an_alert_must_say_everything(self):
        for missing in ("        for: 1m\n", "severity: warning",
                        "          summary: Many things\n",
                        "          description: Too many.\n"):
            self.assertEqual(len(self.refused(missing, "")), 1, missing)

    def test_a_runbook_must_be_there(self):
        self.assertTrue(self.refused("#many-things", "#few-things"))
        self.assertTrue(self.refused("README.md#many", "OTHER.md#many"))

    def test_a_metric_must_be_exported_or_recorded(self):
        self.assertTrue(self.refused("airlock_a_things_total", "airlock_b_up"))
        self.assertTrue(self.refused("expr: airlock:a:rate5m",
                                     "expr: airlock:b:rate5m"))
        self.put("deploy/prometheus/alerts.yml", ALERTS)
        self.put("deploy/grafana/airlock.json",
                 DASHBOARD.replace("a_things", "b_things"))
        self.assertEqual(len(self.problems()), 1)

    def test_an_alert_must_be_tried(self):
        self.put("deploy/prometheus/alerts_test.yml", "tests: []\n")
        self.assertEqual(len(self.problems()), 1)

    def test_promtool_must_agree(self):
        self.refused("airlock:a:rate5m > 1", "airlock:a:rate5m > 1000")
        self.assertEqual(len(monitoring.promtool_problems(self.root)), 1)
        self.refused("airlock:a:rate5m > 1", "airlock:a:rate5m >")
        self.assertEqual(len(monitoring.promtool_problems(self.root)), 2)


if __name__ == "__main__":
    unittest.main()
