// The policy in force, what it would decide, what it was before, and what
// another one would have decided.

import { html, useState } from '../vendor/preact-htm.js';
import { Block } from '../parts/action_text.js';
import { Chip, Facts, Loaded, Moment, Said } from '../parts/basics.js';
import { Diff } from '../parts/diff.js';
import { ExplainForm } from '../parts/explain.js';
import { ReplayForm } from '../parts/replay.js';
import { useAuditList, useCall, useMayCall } from '../parts/hooks.js';

const HISTORY = 50;

// The configuration is JSON; whoever reads it wants it in lines.
function inLines(json) {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}

function InForce({ status }) {
  return html`<section class="panel"><h2>In force</h2>
    ${status.reloadError && html`<p class="failure" role="alert"><strong>The newest configuration is not in force.</strong> <${Said} text=${status.reloadError} /></p>`}
    <${Facts} facts=${[
      ['Version', html`<${Said} text=${status.policyVersion} />`],
      ['Since', html`<${Moment} time=${status.loadTime} />`],
      ['Frozen', status.freezes.length > 0 && html`<a href="/sandboxes">${status.freezes.map((one) => one.agent || 'everything').join(', ')}</a>`],
    ]} />
    ${status.effectiveConfig && html`<details open><summary>The sections that decide</summary>
      <div class="action-frame"><${Block} name="Effective configuration" language="json" text=${inLines(status.effectiveConfig)} /></div></details>`}
  </section>`;
}

function Version({ record, earlier }) {
  const text = (one) => (one?.payload ? JSON.stringify(one.payload, null, 2) : '');
  return html`<li><a href=${`/audit/${record.sequence}`}>Record ${record.sequence}</a><details><summary>
      <${Moment} time=${record.time} /> <${Chip} tone=${record.outcome === 'applied' ? 'good' : 'bad'}>${record.outcome}<//>
      ${' '}<${Said} text=${record.policyVersion} raw=${true} /></summary>
    ${!record.payload ? html`<p class="quiet">The record has no details.</p>`
      : html`<${Diff} before=${text(earlier)} after=${text(record)} raw=${true} />`}</details></li>`;
}

function History() {
  const loaded = useAuditList({ pageSize: HISTORY, filter: { type: 'AUDIT_EVENT_TYPE_CONFIG' } });
  return html`<section class="panel"><h2>History</h2><${Loaded} loaded=${loaded} what="Loading the history">${({ records }) => {
    const applied = records.filter((one) => one.outcome === 'applied');
    // What it is compared with: the version that was in force before.
    const earlier = (record) => applied.find((one) => Number(one.sequence) < Number(record.sequence) && one.payload);
    return records.length === 0 ? html`<p class="quiet">No change is recorded.</p>`
      : html`<ol class="versions">${records.map((one) => html`<${Version} key=${one.sequence} record=${one} earlier=${earlier(one)} />`)}</ol>`;
  }}<//></section>`;
}

/** The page. */
export function PolicyPage() {
  const mayCall = useMayCall();
  const loaded = useCall('PolicyService', 'GetPolicyStatus', {});
  const [tab, setTab] = useState('');
  const forms = [
    mayCall('PolicyService/ExplainAction') && ['explain', 'What would happen?'],
    mayCall('ReportService/ReplayPolicy') && ['replay', 'What would have been?'],
  ].filter(Boolean);
  return html`<div class="head"><h1>Policy</h1>${forms.map(([name, text]) => html`<button type="button" key=${name}
      aria-pressed=${tab === name ? 'true' : 'false'} onClick=${() => setTab(tab === name ? '' : name)}>${text}</button>`)}</div>
    ${tab === 'explain' && html`<${ExplainForm} />`}
    ${tab === 'replay' && html`<${ReplayForm} config=${loaded.data?.effectiveConfig ? inLines(loaded.data.effectiveConfig) : ''} />`}
    <${Loaded} loaded=${loaded} what="Loading the policy">${(status) => html`<${InForce} status=${status} />`}<//>
    ${mayCall('AuditService/ListAuditRecords') && html`<${History} />`}`;
}
