// One question: all that would run, why it is asked, and the answer.

import { html, useCallback, useEffect, useMemo, useState } from '../vendor/preact-htm.js';
import { go } from '../base/routes.js';
import { approvalTone, counted, kindWord, stateWord } from '../base/words.js';
import { ActionView, isComplete, needsOpening } from '../parts/action_view.js';
import { Answers, Ended } from '../parts/answers.js';
import { Chip, Code, Countdown, Facts, Failure, Loaded, Moment, Said } from '../parts/basics.js';
import { DecideBar, DecideDialog } from '../parts/decide.js';
import { ConfirmDialog } from '../parts/dialog.js';
import { ExecutionTable } from '../parts/execution_rows.js';
import { useAction, useCall, useFeed, useKeys, useMayCall, usePrincipal } from '../parts/hooks.js';
import { StandingForm } from '../parts/standing_form.js';
import { Target } from '../parts/target.js';
import { call } from '../base/api.js';

const LAST_ACTIONS = 10;

function why(approval) {
  const needed = approval.requiredApprovals > 1
    ? `${approval.requiredApprovals} persons must agree` : 'one person must agree';
  return [
    ['Rule', html`<${Said} text=${approval.rule} />`],
    ['Explanation', html`<${Said} text=${approval.explanation} />`],
    ['Needed', `${needed}; without an answer in time it ${approval.approveOnTimeout ? 'runs' : 'does not run'}`],
    ['Asked', html`<${Moment} time=${approval.createTime} />`],
    ['Asked before', approval.askedBefore > 0 ? counted(approval.askedBefore, 'time') : 'never, as far as is remembered'],
    ['Who is asked', approval.approvers?.length ? html`<${Said} text=${approval.approvers.join(', ')} />` : 'every approver'],
    ['Channel', approval.channel],
    ['Session', approval.session && html`<${Said} text=${approval.session} />`],
    ['Digest', html`<${Code}>${approval.digest}<//>`],
    ['Execution', html`<a class="id" href=${`/executions/${encodeURIComponent(approval.executionId)}`}>${approval.executionId}</a>`],
  ];
}

function AgentHistory({ approval }) {
  const loaded = useCall('ExecutionService', 'ListExecutions', { agent: approval.agent, pageSize: LAST_ACTIONS });
  return html`<section class="panel"><h2>What <${Said} text=${approval.agent} /> did last</h2>
    <${Loaded} loaded=${loaded} what="Loading its last actions">${({ executions }) => {
      const others = executions.filter((one) => one.id !== approval.executionId);
      return others.length === 0 ? html`<p class="quiet">Nothing that is kept.</p>`
        : html`<${ExecutionTable} caption="Last actions of this agent" executions=${others} withAgent=${false} />`;
    }}<//></section>`;
}

function Withdraw({ approval, onDone }) {
  const [asking, setAsking] = useState(false);
  const action = useAction(async () => {
    const answer = await call('ApprovalService', 'CancelApproval', { id: approval.id });
    onDone(answer.approval);
    return answer;
  });
  return html`<button type="button" onClick=${() => setAsking(true)}>Withdraw the question</button>
    ${asking && html`<${ConfirmDialog} title="Withdraw this question?" verb="Withdraw" action=${action}
      onClose=${() => setAsking(false)}><p>Its execution ends as cancelled.</p><//>`}`;
}

// Why nobody can approve it now; empty: one can.
function blockedBy(view, opened) {
  if (!view) return 'What would run is not shown here (approvalGating.showFullContext), so it cannot be approved here.';
  if (!isComplete(view)) return 'Not all of it is shown, so it cannot be approved here.';
  if (!opened && needsOpening(view)) return 'Open the action in full before you approve it.';
  return '';
}

function useNeighbours(id) {
  const feed = useFeed();
  return (step) => {
    const ids = feed.byDeadline().map((one) => one.id);
    const at = ids.indexOf(id);
    const next = ids[at < 0 ? 0 : at + step];
    if (next !== undefined && next !== id) go(`/a/${encodeURIComponent(next)}`);
  };
}

function Head({ approval, pending }) {
  return html`<div class="head"><h1 class="question-title"><span class="quiet">${kindWord(approval.actionKind)} by</span> <${Said} text=${approval.agent} /></h1>
    <${Chip} tone=${approvalTone(approval.state)}>${stateWord(approval.state)}<//>
    ${pending && html`<span class="time-left">time left <${Countdown} deadline=${approval.deadline} /></span>`}</div>
    ${!approval.view && html`<p class="summary action-frame"><${Said} text=${approval.summary} /></p>`}`;
}

function noteOf({ approval, missed, error }) {
  if (error !== null) return `Not all of the other questions were answered: ${error.message}`;
  if (missed > 0) return `${counted(missed, 'question')} of these had an answer of somebody else meanwhile.`;
  return approval.state === 'STATE_PENDING' ? 'Your answer is recorded; more persons must agree.' : '';
}

function Question({ approval, view, answer, reload }) {
  const feed = useFeed();
  const me = usePrincipal();
  const mayCall = useMayCall();
  const [opened, setOpened] = useState(false);
  const [asking, setAsking] = useState(null);
  const [note, setNote] = useState('');
  const pending = approval.state === 'STATE_PENDING';
  const mayDecide = pending && mayCall('ApprovalService/DecideApproval');
  const comparable = pending && view !== null && approval.actionKind === 'ACTION_KIND_FILE_WRITE' && mayCall('ApprovalService/ReadTarget');
  const blocked = useMemo(() => blockedBy(view, opened), [view, opened]);
  const decide = (approve) => {
    if (mayDecide && (!approve || blocked === '')) setAsking(approve ? 'approve' : 'reject');
  };
  const move = useNeighbours(approval.id);
  useKeys({
    a: () => decide(true),
    r: () => decide(false),
    j: () => move(1),
    k: () => move(-1),
    u: () => go('/approvals'),
  });
  useEffect(() => {
    if (answer === '') return;
    go(`/a/${encodeURIComponent(approval.id)}`, { replace: true });
    decide(answer === 'approve');
  }, []);
  const close = useCallback(() => setAsking(null), []);
  const answered = (result) => {
    setAsking(null);
    setNote(noteOf(result));
  };
  // Somebody was faster, or it is another action now: show how it stands.
  const ended = () => {
    setAsking(null);
    reload();
  };
  return html`<article class="question-page">
    <${Head} approval=${approval} pending=${pending} />
    ${!pending && html`<${Ended} approval=${approval} mine=${me.id} />`}
    ${note !== '' && html`<p class="note" role="status">${note}</p>`}
    ${view && html`<${ActionView} view=${view} opened=${opened} onOpen=${() => setOpened(true)} forAnswer=${pending} />`}
    ${comparable && html`<${Target} approval=${approval} view=${view} />`}
    <section class="panel"><h2>Why it is asked</h2><${Facts} facts=${why(approval)} /><${Answers} approval=${approval} /></section>
    ${mayDecide && html`<${DecideBar} blocked=${blocked} onDecide=${decide} />`}
    ${mayDecide && blocked === '' && mayCall('StandingApprovalService/CreateStandingApproval') && html`<${StandingForm} approval=${approval} />`}
    ${pending && mayCall('ApprovalService/CancelApproval') && html`<${Withdraw} approval=${approval} onDone=${(one) => feed.learn(one)} />`}
    <${AgentHistory} approval=${approval} />
    ${asking !== null && pending && html`<${DecideDialog} approval=${approval} approve=${asking === 'approve'} onClose=${close}
      onAnswered=${answered} onEnded=${ended} />`}
  </article>`;
}

/**
 * The page.
 * @param {{id: string, answer: string}} props `answer`: "approve" or "reject"
 *     opens that dialog at once.
 */
export function ApprovalPage({ id, answer }) {
  const feed = useFeed();
  const loaded = useCall('ApprovalService', 'GetApproval', { id });
  const known = feed.get(id);
  const kept = loaded.data?.approval;
  useEffect(() => {
    if (kept) feed.learn({ ...kept, view: undefined });
  }, [kept]);
  // It ended while nothing was heard of it: the feed knows it no more.
  const forgotten = feed.state === 'live' && known === undefined && kept?.state === 'STATE_PENDING';
  useEffect(() => {
    if (forgotten && !loaded.waiting) loaded.reload();
  }, [forgotten]);
  if (!kept) {
    return html`<h1 class="unseen">Approval</h1><${Loaded} loaded=${loaded} what="Loading the question">${() => null}<//>`;
  }
  // The view comes from the call, the state from whoever knows it newest.
  const approval = known && (kept.state === 'STATE_PENDING' || known.state !== 'STATE_PENDING') ? { ...kept, ...known, view: kept.view } : kept;
  return html`<p class="back"><a href="/approvals">All approvals</a></p>
    ${loaded.error && html`<${Failure} error=${loaded.error} retry=${loaded.reload} />`}
    <${Question} key=${id} approval=${approval} view=${kept.view || null} answer=${answer || ''} reload=${loaded.reload} />`;
}
