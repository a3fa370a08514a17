#include "services/policy/store/sqlite/store_check.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/policy/store/sqlite/migrations.h"

namespace airlock::policy {
namespace {

constexpr std::size_t kMaxFindings = 100;

// `describe` for each row.
template <typename Describe>
absl::Status AddRows(Database& database, const char* sql,
                     const Describe& describe, Findings& findings) {
  Statement rows = database.Use(sql);
  while (true) {
    const absl::StatusOr<bool> row = rows.Step();
    if (!row.ok()) return row.status();
    if (!*row) return absl::OkStatus();
    std::string finding = describe(rows);
    if (!finding.empty()) findings.Add(std::move(finding));
  }
}

absl::Status CheckFile(Database& database, Findings& findings) {
  absl::Status status = AddRows(
      database, "PRAGMA integrity_check(20)",
      [](const Statement& row) {
        const std::string text = row.Bytes(0);
        return text == "ok" ? "" : absl::StrCat("the file: ", text);
      },
      findings);
  if (!status.ok()) return status;
  return AddRows(
      database, "PRAGMA foreign_key_check",
      [](const Statement& row) {
        return absl::StrCat("table ", row.Bytes(0), ", row ", row.Int(1),
                            ": what it belongs to in ", row.Bytes(2),
                            " is not there");
      },
      findings);
}

absl::Status CheckAll(Database& database, Findings& findings) {
  absl::Status status = CheckFile(database, findings);
  if (status.ok()) status = CheckRecords(database, findings);
  if (status.ok()) status = CheckAudit(database, findings);
  return status;
}

}  // namespace

void Findings::Add(std::string finding) {
  if (findings_.size() < kMaxFindings) {
    findings_.push_back(std::move(finding));
  } else {
    ++left_out_;
  }
}

std::vector<std::string> Findings::Take() && {
  if (left_out_ > 0) findings_.push_back(absl::StrCat(left_out_, " more"));
  return std::move(findings_);
}

absl::StatusOr<std::vector<std::string>> CheckStoreFile(
    const std::string& path) {
  auto database = Database::Open(path, Database::Mode::kReadOnly);
  if (!database.ok()) return database.status();
  // All of it as it is at one moment. Goes with the connection.
  absl::Status status = database->Execute("BEGIN");
  if (!status.ok()) return status;
  Findings findings;
  status = CheckSchema(*database, Migrations());
  if (status.ok()) status = CheckAll(*database, findings);
  // What cannot be read any further is what was looked for.
  if (absl::IsDataLoss(status)) {
    findings.Add(std::string(status.message()));
  } else if (!status.ok()) {
    return status;
  }
  return std::move(findings).Take();
}

}  // namespace airlock::policy
