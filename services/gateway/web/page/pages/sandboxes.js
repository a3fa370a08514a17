// Executors, sessions and what waits; cordon, drain, freeze.

import { html, useState } from '../vendor/preact-htm.js';
import { call } from '../base/api.js';
import { counted, kindWord, stateWord, word } from '../base/words.js';
import { Chip, Countdown, Loaded, Moment, Said, Table } from '../parts/basics.js';
import { ConfirmDialog } from '../parts/dialog.js';
import { FreezePanel } from '../parts/freeze.js';
import { useAction, useCall, useMayCall, useNow, useRefresh } from '../parts/hooks.js';

const REFRESH_MS = 3000;
const EXECUTOR_TONES = { STATE_READY: 'good', STATE_NOT_READY: 'bad', STATE_DISCONNECTED: 'bad' };

const CHANGES = [
  ['CordonExecutor', 'Cordon', ['STATE_READY', 'STATE_NOT_READY']],
  ['UncordonExecutor', 'Uncordon', ['STATE_CORDONED', 'STATE_DRAINING']],
  ['DrainExecutor', 'Drain', ['STATE_READY', 'STATE_NOT_READY', 'STATE_CORDONED']],
];

const MEANINGS = {
  CordonExecutor: 'It gets no more work, except in sessions it has.',
  UncordonExecutor: 'It gets work again.',
  DrainExecutor: 'It gets no more work, and its sessions are closed when nothing runs in them.',
};

function Change({ executor, method, verb, onDone }) {
  const [asking, setAsking] = useState(false);
  const action = useAction(async () => {
    const answer = await call('ExecutorService', method, { id: executor.id });
    onDone();
    return answer;
  });
  return html`<button type="button" onClick=${() => setAsking(true)}>${verb}</button>
    ${asking && html`<${ConfirmDialog} title=${`${verb} this executor?`} verb=${verb} action=${action} onClose=${() => setAsking(false)}>
      <p><${Said} text=${executor.id} /></p><p>${MEANINGS[method]}</p><//>`}`;
}

function Checks({ checks }) {
  const failed = checks.filter((one) => !one.ok).length;
  if (checks.length === 0) return html`<p class="quiet">It has not told which limits hold.</p>`;
  return html`<details open=${failed > 0}><summary>${failed === 0
    ? html`<${Chip} tone="good">all ${checks.length} limits hold<//>` : html`<${Chip} tone="bad">${failed} of ${checks.length} limits do not hold<//>`}</summary>
    <ul class="checks">${checks.map((one) => html`<li key=${one.name}><${Chip} tone=${one.ok ? 'good' : 'bad'}>${one.ok ? 'holds' : 'does not hold'}<//>
      ${' '}<strong><${Said} text=${one.name} /></strong> <${Said} text=${one.message} /></li>`)}</ul></details>`;
}

function Meter({ name, value, most }) {
  return html`<div class="meter"><span>${name} ${value}${most > 0 ? ` of ${most}` : ''}</span>
    <meter min="0" max=${Math.max(1, most)} value=${value} aria-label=${name}></meter></div>`;
}

function Executor({ executor, onDone }) {
  const at = useNow(5000);
  const mayCall = useMayCall();
  const labels = Object.entries(executor.labels || {}).map(([name, value]) => `${name}=${value}`).join(', ');
  return html`<article class="panel executor"><div class="head"><h3 class="id"><${Said} text=${executor.id} /></h3>
      <${Chip} tone=${EXECUTOR_TONES[executor.state] || 'waits'}>${stateWord(executor.state)}<//>
      <span class="quiet">${executor.backend}, version <${Said} text=${executor.version} />${labels ? html`, <${Said} text=${labels} />` : ''}; ${executor.state === 'STATE_DISCONNECTED' ? 'last heard of' : 'connected'} <${Moment} time=${executor.contactTime} at=${at} /></span></div>
    ${executor.notReadyReason && html`<p><${Chip} tone="bad"><${Said} text=${executor.notReadyReason} /><//> <${Said} text=${executor.notReadyMessage} /></p>`}
    <div class="meters"><${Meter} name="running" value=${executor.running} most=${executor.slots} />
      <${Meter} name="sandboxes" value=${executor.sandboxes} most=${executor.maxSandboxes} />
      <${Meter} name="warm" value=${executor.warmSandboxes} most=${executor.warmTarget} />
      <${Meter} name="sessions" value=${executor.sessions} most=${executor.maxSandboxes} /></div>
    <${Checks} checks=${executor.checks} />
    ${executor.images.length > 0 && html`<details><summary>${counted(executor.images.length, 'image')}</summary>
      <ul>${executor.images.map((one) => html`<li key=${one}><${Said} text=${one} /></li>`)}</ul></details>`}
    <div class="buttons">${CHANGES.filter(([method, , states]) => states.includes(executor.state) && mayCall(`ExecutorService/${method}`))
      .map(([method, verb]) => html`<${Change} key=${method} executor=${executor} method=${method} verb=${verb} onDone=${onDone} />`)}</div>
  </article>`;
}

function Executors() {
  const loaded = useCall('ExecutorService', 'ListExecutors', {});
  useRefresh(loaded.reload, REFRESH_MS);
  return html`<section><h2>Executors</h2><${Loaded} loaded=${loaded} what="Loading executors">${({ executors }) => (executors.length === 0
    ? html`<p class="empty">No executor is connected.</p>`
    : executors.map((one) => html`<${Executor} key=${one.id} executor=${one} onDone=${loaded.reload} />`))}<//></section>`;
}

function CloseSession({ session, onDone }) {
  const [asking, setAsking] = useState(false);
  const action = useAction(async () => {
    const answer = await call('SessionService', 'CloseSession', { name: session.name, agent: session.agent });
    onDone();
    return answer;
  });
  return html`<button type="button" onClick=${() => setAsking(true)}>Close</button>
    ${asking && html`<${ConfirmDialog} title="Close this session?" verb="Close it" action=${action} onClose=${() => setAsking(false)}>
      <p><${Said} text=${session.name} /> of <${Said} text=${session.agent} />: what runs in it is cancelled, its files are gone.</p><//>`}`;
}

function Sessions() {
  const loaded = useCall('SessionService', 'ListSessions', { pageSize: 500 });
  useRefresh(loaded.reload, REFRESH_MS);
  const at = useNow(5000);
  const row = (one) => html`<tr key=${one.id}><td><${Said} text=${one.name} /></td><td><${Said} text=${one.agent} /></td>
    <td><${Chip} tone=${one.state === 'STATE_OPEN' ? 'good' : 'plain'}>${stateWord(one.state)}<//></td>
    <td class="number">${one.liveExecutions}</td><td class="number">${one.generation}</td><td><${Said} text=${one.executorId} /></td>
    <td><${Moment} time=${one.lastUseTime} at=${at} /></td><td>${one.expireTime && html`<${Countdown} deadline=${one.expireTime} />`}</td>
    <td><${CloseSession} session=${one} onDone=${loaded.reload} /></td></tr>`;
  return html`<section class="panel"><h2>Sessions</h2><${Loaded} loaded=${loaded} what="Loading sessions">${({ sessions }) => (sessions.length === 0
    ? html`<p class="empty">No session is open.</p>`
    : html`<${Table} caption="Sessions" numbers=${['Running', 'Generation']} head=${['Name', 'Agent', 'State', 'Running', 'Generation', 'Executor', 'Used', 'Expires in', 'Close']}>
      ${sessions.map(row)}<//>`)}<//></section>`;
}

function Waiting() {
  const loaded = useCall('ExecutionService', 'ListWaitingExecutions', {});
  useRefresh(loaded.reload, REFRESH_MS);
  const row = ({ execution, reason, message, deadline }) => html`<tr key=${execution.id}>
    <td><a class="id" href=${`/executions/${encodeURIComponent(execution.id)}`}>${execution.id}</a></td><td><${Said} text=${execution.agent} /></td>
    <td>${kindWord(execution.actionKind)}</td><td>${word(reason, 'REASON_').replaceAll('_', ' ')}: <${Said} text=${message} /></td>
    <td>${deadline && html`<${Countdown} deadline=${deadline} />`}</td></tr>`;
  return html`<section class="panel"><h2>What waits</h2><${Loaded} loaded=${loaded} what="Loading what waits">${({ waiting, untold }) => (waiting.length === 0
    ? html`<p class="empty">Nothing waits.</p>`
    : html`<${Table} caption="Executions that wait" head=${['Execution', 'Agent', 'Action', 'For', 'At most']}>${waiting.map(row)}<//>
      ${untold > 0 && html`<p class="quiet">and ${counted(untold, 'execution')} behind these</p>`}`)}<//></section>`;
}

/** The page. */
export function SandboxesPage() {
  const mayCall = useMayCall();
  return html`<div class="head"><h1>Sandboxes</h1></div>
    <${FreezePanel} />
    ${mayCall('ExecutorService/ListExecutors') && html`<${Executors} />`}
    ${mayCall('ExecutionService/ListWaitingExecutions') && html`<${Waiting} />`}
    ${mayCall('SessionService/ListSessions') && html`<${Sessions} />`}`;
}
