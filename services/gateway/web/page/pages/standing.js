// Standing approvals: what is permitted without asking, until when.

import { html, useState } from '../vendor/preact-htm.js';
import { call } from '../base/api.js';
import { counted, stateWord } from '../base/words.js';
import { Chip, Countdown, Loaded, Moment, Said, Table } from '../parts/basics.js';
import { ConfirmDialog } from '../parts/dialog.js';
import { useAction, useCall, useMayCall, useRefresh } from '../parts/hooks.js';

const REFRESH_MS = 5000;

const isActive = (standing) => standing.state === 'STATE_ACTIVE';

function Revoke({ standing, onDone }) {
  const [asking, setAsking] = useState(false);
  const action = useAction(async () => {
    const answer = await call('StandingApprovalService', 'RevokeStandingApproval', { id: standing.id });
    onDone();
    return answer;
  });
  return html`<button type="button" class="danger" onClick=${() => setAsking(true)}>Revoke</button>
    ${asking && html`<${ConfirmDialog} title="Revoke this standing approval?" verb="Revoke" action=${action} onClose=${() => setAsking(false)}>
      <p class="summary action-frame"><${Said} text=${standing.summary} /></p><p>Nothing starts by it any more.</p><//>`}`;
}

function Row({ standing, onDone }) {
  const mayCall = useMayCall();
  return html`<tr>
    <td><span class="summary action-frame"><${Said} text=${standing.summary} /></span>
      ${standing.comment && html`<span class="quiet"><${Said} text=${standing.comment} /></span>`}</td>
    <td><${Said} text=${standing.scope.agent} />${standing.scope.session ? html` <span class="quiet">in <${Said} text=${standing.scope.session} /></span>` : ''}</td>
    <td><${Chip} tone=${isActive(standing) ? 'good' : 'plain'}>${stateWord(standing.state)}<//>${standing.revokedBy
      ? html` <span class="quiet">by <${Said} text=${standing.revokedBy} /></span>` : ''}</td>
    <td class="number">${standing.uses} of ${standing.maxUses}</td>
    <td>${isActive(standing) ? html`<${Countdown} deadline=${standing.expireTime} />` : html`<${Moment} time=${standing.endTime} />`}</td>
    <td><${Said} text=${standing.person || standing.approver} /></td>
    <td><a class="id" href=${`/a/${encodeURIComponent(standing.approvalId)}`}>question</a></td>
    <td>${isActive(standing) && mayCall('StandingApprovalService/RevokeStandingApproval') && html`<${Revoke} standing=${standing} onDone=${onDone} />`}</td></tr>`;
}

/** The page. */
export function StandingPage() {
  const loaded = useCall('StandingApprovalService', 'ListStandingApprovals', {});
  useRefresh(loaded.reload, REFRESH_MS);
  return html`<div class="head"><h1>Standing approvals</h1></div>
    <p class="quiet">What is permitted without asking, each from one answered question. Give one on the page of a question.</p>
    <${Loaded} loaded=${loaded} what="Loading standing approvals">${({ standingApprovals: all }) => (all.length === 0
      ? html`<p class="empty">There are none: every question is asked.</p>`
      : html`<p>${counted(all.filter(isActive).length, 'standing approval')} in force.</p>
        <${Table} caption="Standing approvals" numbers=${['Starts']} head=${['Covers', 'Agent', 'State', 'Starts', 'Until', 'Given by', 'From', 'Revoke']}>
          ${all.map((one) => html`<${Row} key=${one.id} standing=${one} onDone=${loaded.reload} />`)}<//>`)}<//>`;
}
