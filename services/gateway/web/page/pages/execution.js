// One execution: where it stands, how it came there, its output, what it used.

import { html, useEffect, useState } from '../vendor/preact-htm.js';
import { call } from '../base/api.js';
import { durationMillis, durationText, millisOf } from '../base/time.js';
import { bytesText, counted, hasEnded, kindWord, resultText, resultTone, word } from '../base/words.js';
import { ActionView } from '../parts/action_view.js';
import { Chip, Code, Facts, Loaded, Moment, Said } from '../parts/basics.js';
import { ConfirmDialog } from '../parts/dialog.js';
import { useAction, useCall, useMayCall, useNow } from '../parts/hooks.js';
import { Output, useWatch } from '../parts/output.js';

const EFFECTS = { EFFECT_ALLOW: 'allowed', EFFECT_DENY: 'denied', EFFECT_REQUIRE_APPROVAL: 'needs approval' };

/**
 * The times that matter, each with how long it took until the next one.
 * @param {object} execution
 * @param {object | null} approval That it needed.
 * @param {number} at Now.
 * @returns {{name: string, time: string, millis: number}[]}
 */
export function timelineOf(execution, approval, at) {
  const points = [{ name: 'asked for', time: execution.createTime }];
  if (approval?.endTime) points.push({ name: 'answered', time: approval.endTime });
  if (execution.startTime) points.push({ name: 'started', time: execution.startTime });
  if (execution.endTime) points.push({ name: resultText(execution), time: execution.endTime });
  return points.map((point, number) => {
    const next = points[number + 1];
    const until = next ? millisOf(next.time) : hasEnded(execution) ? millisOf(point.time) : at;
    return { ...point, millis: until - millisOf(point.time) };
  });
}

// What it does between two points.
function waitOf(point, next, execution) {
  if (point.name === 'started') return 'ran';
  if (next?.name === 'answered' || (!next && execution.state === 'STATE_AWAITING_APPROVAL')) return 'waited for an answer';
  return next || !hasEnded(execution) ? 'waited for a sandbox' : '';
}

function Timeline({ execution, approval }) {
  const at = useNow(1000);
  const points = timelineOf(execution, approval, at);
  return html`<ol class="timeline">${points.map((point, number) => html`<li key=${point.name}>
    <strong>${point.name}</strong> <${Moment} time=${point.time} />
    ${waitOf(point, points[number + 1], execution) !== '' && html`<span class="span">${waitOf(point, points[number + 1], execution)}
      ${' '}${durationText(point.millis)}</span>`}</li>`)}</ol>`;
}

function usageFacts(outcome) {
  const usage = outcome?.usage;
  if (!usage) return [];
  return [
    ['Ran for', durationText(durationMillis(usage.wallTime))],
    ['Processor time', durationText(durationMillis(usage.cpuTime))],
    ['Most memory', Number(usage.peakMemoryBytes) > 0 ? bytesText(usage.peakMemoryBytes) : 'unknown'],
    ['Standard output', bytesText(usage.stdoutBytes)],
    ['Standard error', bytesText(usage.stderrBytes)],
    ['Limits met', (outcome.limitsHit || []).map((limit) => word(limit, 'LIMIT_HIT_').replaceAll('_', ' ')).join(', ')],
    ['Left behind', outcome.leftoverProcesses > 0 && counted(outcome.leftoverProcesses, 'process killed')],
  ];
}

function factsOf(execution) {
  const { decision, outcome } = execution;
  return [
    ['Agent', html`<a href=${`/executions?agent=${encodeURIComponent(execution.agent)}`}><${Said} text=${execution.agent} /></a>`],
    ['Decision', decision && [EFFECTS[decision.effect] || decision.effect, decision.rule].filter(Boolean).join(', ')],
    ['Asked by', execution.askedBy && html`<${Said} text=${`${execution.askedBy}, not the agent`} />`],
    ['Explanation', decision?.explanation && html`<${Said} text=${decision.explanation} />`],
    ['Approval', execution.approvalId && html`<a class="id" href=${`/a/${encodeURIComponent(execution.approvalId)}`}>${execution.approvalId}</a>`],
    ['Standing approval', execution.standingApprovalId && html`<a class="id" href="/standing">${execution.standingApprovalId}</a>`],
    ['Why it stands there', execution.stateReason && html`<${Said} text=${`${execution.stateReason} ${execution.stateMessage || ''}`} />`],
    ['How it ended', outcome && (outcome.reason || outcome.message) && html`<${Said} text=${`${outcome.reason} ${outcome.message}`} />`],
    ['Session', execution.session && html`<${Said} text=${`${execution.session}, generation ${execution.sessionGeneration}`} />`],
    ['Executor', execution.executorId && html`<${Said} text=${`${execution.executorId} (${execution.backend})`} />`],
    ['Image', execution.image && html`<${Said} text=${execution.image} />`],
    ['Request', html`<${Said} text=${execution.requestId} />`],
    ['Digest', html`<${Code}>${execution.digest}<//>`],
  ];
}

function Cancel({ id }) {
  const [asking, setAsking] = useState(false);
  const [asked, setAsked] = useState(false);
  const action = useAction(async () => {
    const answer = await call('ExecutionService', 'CancelExecution', { id });
    setAsked(true);
    return answer;
  });
  if (asked) return html`<span class="quiet" role="status">It was asked to end.</span>`;
  return html`<button type="button" class="danger" onClick=${() => setAsking(true)}>Cancel execution</button>
    ${asking && html`<${ConfirmDialog} title="Cancel this execution?" verb="Cancel it" action=${action} onClose=${() => setAsking(false)}>
      <p>What runs is killed; its output so far is kept.</p><//>`}`;
}

function Details({ id, loaded }) {
  const mayCall = useMayCall();
  const [newest, setNewest] = useState(null);
  const [opened, setOpened] = useState(false);
  const watch = useWatch(id, (event) => {
    const told = event.completed || event.accepted;
    if (told) setNewest((old) => (old && hasEnded(old) && !hasEnded(told) ? old : told));
    if (event.stateChange) loaded.reload();
  });
  const execution = newest && hasEnded(newest) ? newest : loaded.data.execution;
  const approval = useCall('ApprovalService', 'GetApproval', execution.approvalId ? { id: execution.approvalId } : null);
  useEffect(() => {
    if (execution.approvalId && hasEnded(execution)) approval.reload();
  }, [execution.state]);
  const usage = usageFacts(execution.outcome);
  return html`<div class="head"><h1><span class="quiet">${kindWord(execution.actionKind)}</span> <span class="id">${id}</span></h1>
      <${Chip} tone=${resultTone(execution)}>${resultText(execution)}<//>
      ${!hasEnded(execution) && mayCall('ExecutionService/CancelExecution') && html`<${Cancel} id=${id} />`}</div>
    <${Output} watch=${watch} />
    <div class="columns">
      <section class="panel"><h2>Timeline</h2><${Timeline} execution=${execution} approval=${approval.data?.approval} />
        ${usage.length > 0 && html`<h2>Usage</h2><${Facts} facts=${usage} />`}</section>
      <section class="panel"><h2>About it</h2><${Facts} facts=${factsOf(execution)} /></section>
    </div>
    ${loaded.data.view && html`<${ActionView} title="What was asked for" view=${loaded.data.view} opened=${opened} onOpen=${() => setOpened(true)} />`}`;
}

/** The page. */
export function ExecutionPage({ id }) {
  const loaded = useCall('ExecutionService', 'GetExecution', { id });
  return html`<p class="back"><a href="/executions">All executions</a></p>
    ${loaded.data === null && html`<h1 class="unseen">Execution</h1>`}
    <${Loaded} loaded=${loaded} what="Loading the execution">${() => html`<${Details} key=${id} id=${id} loaded=${loaded} />`}<//>`;
}
