// Names of the API as words for people.

/**
 * The word of an enum name: "code_exec" for ACTION_KIND_CODE_EXEC.
 * @param {string | undefined} name
 * @param {string} prefix Such as "ACTION_KIND_".
 */
export function word(name, prefix) {
  if (!name || name === `${prefix}UNSPECIFIED`) return '';
  const bare = name.startsWith(prefix) ? name.slice(prefix.length) : name;
  return bare.toLowerCase();
}

/** @param {string | undefined} kind An ActionKind. */
export const kindWord = (kind) => word(kind, 'ACTION_KIND_');

/** @param {string | undefined} state A state of any resource. */
export const stateWord = (state) => word(state, 'STATE_').replaceAll('_', ' ');

/** @param {string | undefined} endedBy An Outcome.EndedBy. */
export const endedByWord = (endedBy) => word(endedBy, 'ENDED_BY_').replaceAll('_', ' ');

/** Names of ActionKind, in their order. */
export const ACTION_KINDS = [
  'CODE_EXEC', 'SYSTEM_COMMAND', 'FILE_READ', 'FILE_LIST', 'FILE_WRITE', 'FILE_DELETE', 'HTTP_GET', 'HTTP_POST',
  'SSH_EXEC',
].map((name) => `ACTION_KIND_${name}`);

/** Names of Execution.State, in their order. */
export const EXECUTION_STATES = [
  'AWAITING_APPROVAL', 'QUEUED', 'RUNNING', 'FINISHED', 'DENIED', 'REJECTED', 'EXPIRED', 'CANCELLED',
].map((name) => `STATE_${name}`);

/** Names of Outcome.EndedBy, in their order. */
export const ENDED_BY = [
  'EXITED', 'SIGNALED', 'TIMED_OUT', 'OUT_OF_MEMORY', 'OUTPUT_LIMIT', 'CANCELLED', 'NOT_STARTED', 'SANDBOX_FAILED',
  'OUTCOME_UNKNOWN',
].map((name) => `ENDED_BY_${name}`);

const FINAL_STATES = EXECUTION_STATES.slice(3);

/** @param {{state: string}} execution */
export const hasEnded = (execution) => FINAL_STATES.includes(execution.state);

/**
 * How an execution went in a few words: "exited 0", "denied", "running".
 * @param {object} execution
 */
export function resultText(execution) {
  const { outcome } = execution;
  if (execution.state !== 'STATE_FINISHED' || !outcome) return stateWord(execution.state);
  if (outcome.endedBy === 'ENDED_BY_EXITED') return `exited ${outcome.exitCode ?? '?'}`;
  if (outcome.endedBy === 'ENDED_BY_SIGNALED') return `signal ${outcome.signal}`;
  return endedByWord(outcome.endedBy);
}

/**
 * How good that is: "good", "bad", "waits" or "plain".
 * @param {object} execution
 */
export function resultTone(execution) {
  if (!hasEnded(execution)) return execution.state === 'STATE_AWAITING_APPROVAL' ? 'waits' : 'plain';
  const { outcome } = execution;
  const good = execution.state === 'STATE_FINISHED' && outcome?.endedBy === 'ENDED_BY_EXITED' && outcome.exitCode === 0;
  return good ? 'good' : 'bad';
}

const APPROVAL_TONES = { STATE_PENDING: 'waits', STATE_APPROVED: 'good', STATE_REJECTED: 'bad' };

/** @param {string} state An Approval.State. */
export const approvalTone = (state) => APPROVAL_TONES[state] || 'plain';

/**
 * Bytes for people: "512 B", "1.5 KiB".
 * @param {number | string} bytes
 */
export function bytesText(bytes) {
  let value = Number(bytes || 0);
  if (value < 1024) return `${value} B`;
  for (const unit of ['KiB', 'MiB', 'GiB']) {
    value /= 1024;
    if (value < 1024 || unit === 'GiB') return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`;
  }
  return '';
}

/**
 * A count with its noun: "1 question", "3 questions".
 * @param {number} number
 * @param {string} noun
 */
export const counted = (number, noun) => `${number} ${noun}${number === 1 ? '' : 's'}`;
