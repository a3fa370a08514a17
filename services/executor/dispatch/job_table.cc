#include "services/executor/dispatch/job_table.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/logging/log.h"
#include "common/time/proto_time.h"
#include "services/executor/dispatch/outcome.h"

namespace airlock::executor {
namespace {

using internal::v1::ConnectRequest;
using internal::v1::ConnectResponse;

constexpr std::uint32_t kProtocolVersion = 1;
// Whatever a policy says: no contact for longer is a lost lease.
constexpr absl::Duration kLongestLease = absl::Minutes(10);

}  // namespace

std::shared_ptr<JobTable> JobTable::Make(const JobTableOptions& options,
                                         const JobServices& services) {
  // make_shared cannot reach the constructor.
  std::shared_ptr<JobTable> table(new JobTable(options, services));
  const std::weak_ptr<JobTable> weak = table;
  table->services_.post = [weak](std::function<void()> function) {
    if (const auto self = weak.lock()) self->Post(std::move(function));
  };
  // Later, because a job that calls this is not done with what it does.
  table->services_.on_change = [weak](const JobKey& key) {
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->Post([raw = self.get(), key] { raw->HandleChange(key); });
  };
  table->services_.sessions =
      std::make_shared<HeldSessions>(HeldSessions::Services{
          table->services_.reaper, table->services_.post, [weak] {
            if (const auto self = weak.lock()) self->Update();
          }});
  return table;
}

JobTable::JobTable(const JobTableOptions& options, JobServices services)
    : options_(options),
      services_(std::move(services)),
      serializer_(std::make_shared<Serializer>()),
      links_(options.slots, options.links) {
  services_.metrics.SetSlots(options.slots);
}

void JobTable::Post(std::function<void()> function) {
  // The last reference to the table may go while this runs, but not before
  // the serializer is done; and what `function` owns must go before another
  // one runs, while no lock is held.
  const std::shared_ptr<Serializer> serializer = serializer_;
  serializer->Submit([this, function = std::move(function)]() mutable {
    const std::function<void()> run = std::move(function);
    if (!stopped_) run();
  });
}

void JobTable::PostAndWait(std::function<void()> function) {
  absl::Notification done;
  const std::shared_ptr<Serializer> serializer = serializer_;
  serializer->Submit([&] {
    function();
    done.Notify();
  });
  done.WaitForNotification();
}

internal::v1::Hello JobTable::MakeHello(std::size_t link) {
  internal::v1::Hello hello;
  hello.set_protocol_version(kProtocolVersion);
  hello.set_executor_id(options_.executor_id);
  hello.set_boot_nonce(options_.boot_nonce);
  hello.set_backend(services_.backend.name());
  hello.set_version(options_.version);
  hello.mutable_labels()->insert(options_.labels.begin(),
                                 options_.labels.end());
  PostAndWait([this, link, &hello] {
    hello.set_slots(static_cast<std::uint32_t>(links_.share(link)));
    AddImages(*hello.mutable_images());
    for (const auto& [key, job] : jobs_) {
      if (job->link() != link) continue;
      auto* held = hello.add_held_jobs();
      held->set_execution_id(key.first);
      held->set_fence(key.second);
      held->set_started(job->started());
      held->set_stdout_kept_from(job->kept_from(Stream::kStdout));
      held->set_stderr_kept_from(job->kept_from(Stream::kStderr));
    }
    for (std::string& id : services_.sessions->Of(link)) {
      hello.add_held_sessions(std::move(id));
    }
    hello.set_session_slots(
        static_cast<std::uint32_t>(options_.sessions / options_.links));
  });
  return hello;
}

void JobTable::OnConnected(std::size_t link,
                           std::shared_ptr<PolicyConnection> connection,
                           const internal::v1::Welcome& welcome) {
  Post([this, link, connection = std::move(connection), welcome] {
    const absl::Duration lease = FromProto(welcome.lease());
    if (lease > absl::ZeroDuration()) lease_ = std::min(lease, kLongestLease);
    last_contact_ = services_.clock.Monotonic();
    links_.Connect(link, connection);
    services_.metrics.AddConnectedLinks(1);
    LogInfo("connected to policy", {{"policy_id", welcome.policy_id()}});
    if (status_.has_value()) {
      ConnectRequest message;
      *message.mutable_status() = *status_;
      connection->Send(std::move(message));
    }
    if (draining_) {
      ConnectRequest message;
      message.mutable_draining();
      connection->Send(std::move(message));
    }
    ForEachJob([link, &connection](Job& job) {
      if (job.link() == link) job.Attach(connection);
    });
    Update();
  });
}

void JobTable::OnDisconnected(std::size_t link) {
  Post([this, link] {
    services_.metrics.AddConnectedLinks(-1);
    services_.metrics.CountReconnect();
    links_.Disconnect(link);
    ForEachJob([link](Job& job) {
      if (job.link() == link) job.Detach();
    });
    Update();
  });
}

void JobTable::OnMessage(std::size_t link, ConnectResponse message,
                         absl::Duration received_at) {
  Post([this, link, message = std::move(message), received_at] {
    last_contact_ = std::max(last_contact_, received_at);
    HandleMessage(link, message, received_at);
  });
}

void JobTable::HandleMessage(std::size_t link, const ConnectResponse& message,
                             absl::Duration received_at) {
  const auto job = [&](const auto& about) {
    return FindJob(link, {about.execution_id(), about.fence()});
  };
  switch (message.message_case()) {
    case ConnectResponse::kJob:
      HandleJob(link, message.job(), received_at);
      break;
    case ConnectResponse::kGrant:
      HandleGrant(link, message.grant(), received_at);
      break;
    case ConnectResponse::kOutputCredit:
      if (const auto it = job(message.output_credit())) {
        it->HandleCredit(message.output_credit());
      }
      break;
    case ConnectResponse::kEndAck:
      if (const auto it = job(message.end_ack())) it->HandleEndAck();
      break;
    case ConnectResponse::kCancelJob:
      if (const auto it = job(message.cancel_job())) {
        it->Cancel("CANCELLED", false);
      }
      break;
    case ConnectResponse::kResumeOutput:
      if (const auto it = job(message.resume_output())) {
        it->HandleResume(message.resume_output());
      }
      break;
    case ConnectResponse::kEndSession:
      EndSession(link, message.end_session().session_id());
      break;
    case ConnectResponse::kInput:
      if (const auto it = job(message.input())) {
        it->HandleInput(message.input());
      }
      break;
    case ConnectResponse::kWelcome:
    case ConnectResponse::kHeartbeatAck:
    case ConnectResponse::MESSAGE_NOT_SET:
      break;
  }
}

void JobTable::HandleJob(std::size_t link, const internal::v1::Job& message,
                         absl::Duration received_at) {
  if (!links_.TakeCredit(link)) {
    AnswerWithoutCredit(link, message);
    return;
  }
  if (TakesFence(message)) AcceptJob(link, message, received_at);
  Update();
}

void JobTable::AnswerWithoutCredit(std::size_t link,
                                   const internal::v1::Job& message) {
  LogWarning("policy sent a job without credit",
             {{"execution_id", message.execution_id()}});
  ConnectRequest answer;
  auto* end = answer.mutable_job_ended();
  end->set_execution_id(message.execution_id());
  end->set_fence(message.fence());
  *end->mutable_outcome() =
      NotStarted("NO_CREDIT", "this executor gave no credit for the job");
  end->set_retriable(true);
  links_.Send(link, std::move(answer));
}

bool JobTable::TakesFence(const internal::v1::Job& message) {
  bool takes = true;
  ForEachJob([&message, &takes](Job& job) {
    if (job.key().first != message.execution_id()) return;
    if (job.key().second >= message.fence()) {
      takes = false;
    } else {
      job.Cancel("SUPERSEDED", true);
    }
  });
  return takes;
}

void JobTable::AcceptJob(std::size_t link, const internal::v1::Job& message,
                         absl::Duration received_at) {
  auto job = std::make_shared<Job>(services_, link, message);
  jobs_.emplace(job->key(), job);
  job->Attach(links_.connection(link));
  if (draining_) {
    job->Refuse("EXECUTOR_DRAINING", "this executor is stopping", true);
  } else if (!backend_up_) {
    job->Refuse("BACKEND_UNAVAILABLE", "the backend cannot be used now", true);
  } else {
    job->Prepare(message);
  }
  if (message.has_grant() && !job->ended()) {
    job->HandleGrant(message.grant(), received_at);
  }
}

void JobTable::HandleGrant(std::size_t link, const internal::v1::Grant& grant,
                           absl::Duration received_at) {
  // A grant names its fence only in its claims, which are not trusted yet: so
  // it is shown to the execution's newest job, which checks them.
  std::shared_ptr<Job> newest;
  for (const auto& [key, job] : jobs_) {
    if (key.first == grant.execution_id() && job->link() == link) newest = job;
  }
  if (newest != nullptr) {
    newest->HandleGrant(grant, received_at);
    return;
  }
  services_.metrics.CountRefusedGrant();
  LogWarning("grant came for a job that is not held",
             {{"execution_id", grant.execution_id()}});
}

std::shared_ptr<Job> JobTable::FindJob(std::size_t link,
                                       const JobKey& key) const {
  const auto it = jobs_.find(key);
  if (it == jobs_.end() || it->second->link() != link) return nullptr;
  return it->second;
}

void JobTable::ForEachJob(const std::function<void(Job&)>& function) {
  const std::map<JobKey, std::shared_ptr<Job>> jobs = jobs_;
  for (const auto& [key, job] : jobs) function(*job);
}

void JobTable::HandleChange(const JobKey& key) {
  const auto it = jobs_.find(key);
  if (it != jobs_.end() && it->second->finished()) jobs_.erase(it);
  Update();
}

void JobTable::SetBackend(bool up, const std::vector<BackendImage>& images) {
  Post([this, up, images] {
    backend_up_ = up;
    if (up && images != images_) {
      images_ = images;
      TellImages();
    }
    TellStatus();
    Update();
  });
}

void JobTable::SetStatus(internal::v1::ExecutorStatus status) {
  Post([this, status = std::move(status)] {
    status_ = status;
    TellStatus();
  });
}

void JobTable::TellStatus() {
  if (!status_.has_value()) return;
  status_->set_ready(backend_up_);
  if (backend_up_) {
    status_->clear_not_ready_reason();
    status_->clear_not_ready_message();
  }
  status_->set_sessions(static_cast<std::uint32_t>(services_.sessions->size()));
  if (!status_teller_.TakeDue(*status_, services_.clock.Monotonic())) return;
  ConnectRequest message;
  *message.mutable_status() = *status_;
  links_.SendToAll(message);
}

void JobTable::TellImages() {
  ConnectRequest message;
  AddImages(*message.mutable_images_changed()->mutable_images());
  links_.SendToAll(message);
}

void JobTable::AddImages(
    google::protobuf::RepeatedPtrField<internal::v1::Image>& told) const {
  for (const BackendImage& image : images_) {
    internal::v1::Image& entry = *told.Add();
    entry.set_reference(image.reference);
    entry.set_id(image.id);
  }
}

void JobTable::Update() {
  ready_ = links_.any_connected() && backend_up_ && !draining_;
  GiveCredits(LinkShares::When::kNeeded);
  services_.metrics.SetHeld(jobs_.size());
  const auto alive =
      std::count_if(jobs_.begin(), jobs_.end(),
                    [](const auto& entry) { return entry.second->alive(); });
  absl::MutexLock lock(&idle_mutex_);
  held_ = jobs_.size();
  alive_ = static_cast<std::size_t>(alive) + services_.sessions->left();
}

void JobTable::GiveCredits(LinkShares::When when) {
  if (!backend_up_ || draining_) return;
  std::vector<std::size_t> held(options_.links);
  for (const auto& [key, job] : jobs_) ++held[job->link()];
  links_.GiveCredits(held, when);
}

void JobTable::EndSession(std::size_t link, const std::string& id) {
  ForEachJob([link, &id](Job& job) {
    if (job.link() == link && job.session() == id) {
      job.Cancel("SESSION_CLOSED", false);
    }
  });
  services_.sessions->End(id, link);
  Update();
}

void JobTable::CheckSessions() {
  for (const std::string& id : services_.sessions->Broken()) {
    LogWarning("sandbox of a session was lost", {{"session_id", id}});
    TellSessionEnded(services_.sessions->link(id), id, "SANDBOX_LOST");
    services_.sessions->Drop(id);
  }
}

void JobTable::EndSessions(absl::string_view reason) {
  for (std::size_t link = 0; link < options_.links; ++link) {
    for (const std::string& id : services_.sessions->Of(link)) {
      TellSessionEnded(link, id, reason);
    }
  }
  services_.sessions->EndAll();
  Update();
}

void JobTable::TellSessionEnded(std::size_t link, const std::string& id,
                                absl::string_view reason) {
  ConnectRequest message;
  message.mutable_session_ended()->set_session_id(id);
  message.mutable_session_ended()->set_reason(std::string(reason));
  links_.Send(link, std::move(message));
}

void JobTable::Tick() {
  Post([this] {
    CheckLease();
    CheckSessions();
    ForEachJob([](Job& job) { job.Tick(); });
    GiveCredits(LinkShares::When::kNow);
  });
}

void JobTable::CheckLease() {
  if (services_.clock.Monotonic() - last_contact_ <= lease_) return;
  ForEachJob([this](Job& job) {
    if (job.ended() || job.ending()) return;
    LogError("no policy was in contact for the lease: job is ended",
             {{"execution_id", job.key().first}});
    services_.metrics.CountLostLease();
    job.Cancel("LEASE_LOST", true);
  });
  if (services_.sessions->size() > 0) EndSessions("LEASE_LOST");
}

void JobTable::StartDrain() {
  Post([this] {
    if (std::exchange(draining_, true)) return;
    ConnectRequest message;
    message.mutable_draining();
    links_.SendToAll(message);
    ForEachJob([](Job& job) {
      if (!job.started()) job.Cancel("EXECUTOR_DRAINING", true);
    });
    EndSessions("EXECUTOR_DRAINING");
  });
}

void JobTable::CancelAll(const std::string& reason) {
  Post([this, reason] {
    ForEachJob([&reason](Job& job) { job.Cancel(reason, true); });
    EndSessions(reason);
  });
}

bool JobTable::WaitIdle(absl::Time deadline) {
  // What was posted before must have been counted.
  PostAndWait([this] { Update(); });
  const auto idle = [this]() ABSL_SHARED_LOCKS_REQUIRED(idle_mutex_) {
    return held_ == 0;
  };
  absl::MutexLock lock(&idle_mutex_);
  return idle_mutex_.AwaitWithDeadline(absl::Condition(&idle), deadline);
}

bool JobTable::WaitStill(absl::Time deadline) {
  PostAndWait([this] { Update(); });
  const auto still = [this]() ABSL_SHARED_LOCKS_REQUIRED(idle_mutex_) {
    return alive_ == 0;
  };
  absl::MutexLock lock(&idle_mutex_);
  return idle_mutex_.AwaitWithDeadline(absl::Condition(&still), deadline);
}

void JobTable::Stop() {
  PostAndWait([this] {
    stopped_ = true;
    ready_ = false;
    jobs_.clear();
    links_ = LinkShares(options_.slots, options_.links);
  });
}

}  // namespace airlock::executor
