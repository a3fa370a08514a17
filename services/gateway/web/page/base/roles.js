// Who may call what: the page shows nobody what would be refused. The gateway
// decides for itself; tests compare this with the protos.

const EVERYONE = ['agent', 'approver', 'auditor', 'operator'];
const PEOPLE = ['approver', 'auditor', 'operator'];
const READERS = ['auditor', 'operator'];

export const ACCESS = {
  'ApprovalService/ListApprovals': EVERYONE,
  'ApprovalService/GetApproval': EVERYONE,
  'ApprovalService/WatchApprovals': EVERYONE,
  'ApprovalService/ReadTarget': ['approver', 'operator'],
  'ApprovalService/DecideApproval': ['approver'],
  'ApprovalService/CancelApproval': ['agent', 'operator'],
  'StandingApprovalService/SuggestStandingApprovals': ['approver'],
  'StandingApprovalService/CreateStandingApproval': ['approver'],
  'StandingApprovalService/ListStandingApprovals': EVERYONE,
  'StandingApprovalService/RevokeStandingApproval': ['approver', 'operator'],
  'ExecutionService/GetExecution': EVERYONE,
  'ExecutionService/ListExecutions': EVERYONE,
  'ExecutionService/WatchExecution': EVERYONE,
  'ExecutionService/ListWaitingExecutions': ['agent', 'auditor', 'operator'],
  'ExecutionService/CancelExecution': ['agent', 'operator'],
  'SessionService/ListSessions': ['agent', 'operator'],
  'SessionService/CloseSession': ['agent', 'operator'],
  'ExecutorService/ListExecutors': ['operator'],
  'ExecutorService/CordonExecutor': ['operator'],
  'ExecutorService/UncordonExecutor': ['operator'],
  'ExecutorService/DrainExecutor': ['operator'],
  'PolicyService/ExplainAction': ['agent', 'operator'],
  'PolicyService/Freeze': ['operator'],
  'PolicyService/Thaw': ['operator'],
  'PolicyService/GetPolicyStatus': PEOPLE,
  'AuditService/ListAuditRecords': READERS,
  'AuditService/ExportAuditRecords': READERS,
  'ReportService/GetActivity': PEOPLE,
  'ReportService/GetApprovalReport': PEOPLE,
  'ReportService/ReplayPolicy': READERS,
};

/**
 * Whether a role may call a method.
 * @param {string} role Such as "approver".
 * @param {string} method Such as "ApprovalService/DecideApproval".
 */
export function mayCall(role, method) {
  return (ACCESS[method] || []).includes(role);
}
