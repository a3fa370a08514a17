// The questions that wait, live and in the order in which they must be
// answered, and those that were answered a short while ago.

import { html, useEffect, useRef, useState } from '../vendor/preact-htm.js';
import { groupsOf } from '../base/approval_feed.js';
import { go } from '../base/routes.js';
import { millisOf } from '../base/time.js';
import { approvalTone, counted, kindWord, stateWord } from '../base/words.js';
import { Chip, Countdown, Loaded, Moment, Said, Waiting } from '../parts/basics.js';
import { useCall, useFeed, useKeys, useMayCall, useNow } from '../parts/hooks.js';

const RECENT = 50;
const SHOWN_RECENT = 15;

const addressOf = (approval) => `/a/${encodeURIComponent(approval.id)}`;

function matches(approval, search) {
  const text = [approval.id, approval.agent, approval.summary, approval.rule, approval.session, kindWord(approval.actionKind)]
    .join('\n').toLowerCase();
  return search.toLowerCase().split(/\s+/).every((part) => text.includes(part));
}

function Row({ group, chosen, onChoose }) {
  const [approval] = group;
  return html`<li class=${chosen ? 'question chosen' : 'question'}>
    <a href=${addressOf(approval)} data-question=${approval.id} onFocus=${onChoose}>
      <span class="summary action-frame"><${Said} text=${approval.summary} /></span>
      <span class="about">
        <span>agent <strong><${Said} text=${approval.agent} /></strong></span>
        ${approval.session && html`<span>session <${Said} text=${approval.session} /></span>`}
        ${approval.askedBefore > 0 && html`<span>asked ${counted(approval.askedBefore, 'time')} before</span>`}
        ${group.length > 1 && html`<${Chip} tone="waits">${group.length} the same<//>`}
        ${approval.requiredApprovals > 1 && html`<span>${approval.answers.length} of ${approval.requiredApprovals} agree</span>`}
        ${approval.approveOnTimeout && html`<${Chip} tone="bad">runs if nobody answers<//>`}
      </span>
    </a>
    <${Countdown} deadline=${approval.deadline} />
  </li>`;
}

// Which row the keys speak of, kept by id because rows come and go.
function useChosen(ids) {
  const [chosen, setChosen] = useState(null);
  const list = useRef(null);
  const at = ids.indexOf(chosen);
  const move = (step) => {
    if (ids.length === 0) return;
    const next = ids[Math.min(ids.length - 1, Math.max(0, at < 0 ? 0 : at + step))];
    setChosen(next);
    [...list.current.querySelectorAll('[data-question]')].find((one) => one.dataset.question === next)?.focus();
  };
  return { chosen: at < 0 ? null : chosen, setChosen, move, list };
}

function Recent() {
  const feed = useFeed();
  const at = useNow(10000);
  const loaded = useCall('ApprovalService', 'ListApprovals', { pageSize: RECENT });
  const rows = (approvals) => {
    const all = new Map([...feed.ended.values()].map((one) => [one.id, one]));
    for (const one of approvals) if (one.state !== 'STATE_PENDING' && !all.has(one.id)) all.set(one.id, one);
    return [...all.values()].sort((one, other) => millisOf(other.endTime) - millisOf(one.endTime)).slice(0, SHOWN_RECENT);
  };
  return html`<section class="panel"><h2>Answered lately</h2>
    <${Loaded} loaded=${loaded} what="Loading">${({ approvals }) => (rows(approvals).length === 0
      ? html`<p class="quiet">Nothing yet.</p>`
      : html`<ul class="recent">${rows(approvals).map((one) => html`<li key=${one.id}><a href=${addressOf(one)}>
          <${Chip} tone=${approvalTone(one.state)}>${stateWord(one.state)}<//>
          <span class="summary"><${Said} text=${one.summary} /></span>
          <span class="quiet"><${Said} text=${one.agent} />, <${Moment} time=${one.endTime} at=${at} /></span></a></li>`)}</ul>`)}<//>
  </section>`;
}

const LIVE = { starting: 'connecting', live: 'live', lost: 'connection lost, trying again' };

/** The page. */
export function ApprovalsPage() {
  const feed = useFeed();
  const mayCall = useMayCall();
  const [search, setSearch] = useState('');
  const field = useRef(null);
  const pending = feed.byDeadline();
  const groups = groupsOf(pending.filter((approval) => search.trim() === '' || matches(approval, search.trim())));
  const ids = groups.map(([first]) => first.id);
  const { chosen, setChosen, move, list } = useChosen(ids);
  // The whole action is on its own page, and only there it is answered.
  const decide = (what) => () => {
    if (chosen !== null && mayCall('ApprovalService/DecideApproval')) go(`/a/${encodeURIComponent(chosen)}?answer=${what}`);
  };
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    a: decide('approve'),
    r: decide('reject'),
    '/': () => field.current.focus(),
  });
  useEffect(() => {
    if (document.activeElement === document.body) field.current?.blur();
  }, []);
  return html`<div class="head"><h1>Approvals</h1>
      <span class=${`live live-${feed.state}`} role="status">${LIVE[feed.state]}</span>
      <input ref=${field} type="search" placeholder="Search ( / )" aria-label="Search the questions" value=${search}
        onKeyDown=${(event) => event.key === 'Escape' && field.current.blur()}
        onInput=${(event) => setSearch(event.target.value)} /></div>
    <p class="unseen" aria-live="polite">${counted(pending.length, 'question')} pending</p>
    ${feed.state === 'starting' && html`<${Waiting} what="Loading what is pending" />`}
    ${feed.state !== 'starting' && groups.length === 0 && html`<p class="empty">${pending.length === 0
      ? 'Nothing waits for an answer.' : 'Nothing that waits matches the search.'}</p>`}
    <ol class="questions" ref=${list}>${groups.map((group) => html`<${Row} key=${group[0].id} group=${group}
      chosen=${group[0].id === chosen} onChoose=${() => setChosen(group[0].id)} />`)}</ol>
    <${Recent} />`;
}
