// One audit record with its neighbours in the chain.

import { html, useEffect, useState } from '../vendor/preact-htm.js';
import { guarded } from '../base/api.js';
import { hashOf, recordsOf } from '../base/chain.js';
import { Block } from '../parts/action_text.js';
import { Chip, Code, Facts, Loaded, Moment, Said } from '../parts/basics.js';
import { useLoaded } from '../parts/hooks.js';

async function loadAround(sequence) {
  const from = Math.max(1, sequence - 1);
  const text = await guarded(`/api/audit/export?from=${from}&to=${sequence + 1}`, { read: (response) => response.text() });
  const records = recordsOf(text);
  const find = (wanted) => records.find((one) => Number(one.sequence) === wanted) || null;
  return { before: find(sequence - 1), record: find(sequence), after: find(sequence + 1) };
}

const link = (path, id) => id && html`<a class="id" href=${`${path}${encodeURIComponent(id)}`}>${id}</a>`;

function factsOf(record) {
  const said = (text) => text && html`<${Said} text=${text} raw=${true} />`;
  return [
    ['When', html`<${Moment} time=${record.time} />`],
    ['What', (record.type || '').replaceAll('_', ' ')],
    ['Who', said(record.actor)],
    ['Agent', said(record.agent)],
    ['Action', record.actionKind],
    ['Outcome', said(record.outcome)],
    ['Reason', said(record.reason)],
    ['Rule', said(record.rule)],
    ['Execution', link('/executions/', record.executionId)],
    ['Approval', link('/a/', record.approvalId)],
    ['Session', said(record.session)],
    ['Policy version', said(record.policyVersion)],
    ['Digest', record.digest && html`<${Code}>${record.digest}<//>`],
    ['Writer', html`<${Code}>${record.writer}<//>`],
  ];
}

function Joint({ fits, children }) {
  return html`<li><${Chip} tone=${fits ? 'good' : 'bad'}>${fits ? 'fits' : 'does not fit'}<//> ${children}</li>`;
}

function Chain({ before, record, after }) {
  const [computed, setComputed] = useState(undefined);
  useEffect(() => {
    hashOf(record.record).then(setComputed, () => setComputed(null));
  }, [record.record]);
  return html`<section class="panel"><h2>In the chain</h2><ul class="chain">
    ${before && html`<${Joint} fits=${before.hash === record.previousHash}>the record before,
      ${' '}<a href=${`/audit/${before.sequence}`}>no ${before.sequence}</a>, has the hash <${Code}>${before.hash}<//><//>`}
    ${!before && html`<li>The record before is not kept, or there is none. Its hash: <${Code}>${record.previousHash}<//></li>`}
    ${computed && html`<${Joint} fits=${computed === record.hash}>this browser computed the hash of this record from its bytes: <${Code}>${record.hash}<//><//>`}
    ${!computed && html`<li>The hash of this record: <${Code}>${record.hash}<//></li>`}
    ${after && html`<${Joint} fits=${after.previousHash === record.hash}>the record after,
      ${' '}<a href=${`/audit/${after.sequence}`}>no ${after.sequence}</a>, names it<//>`}
    ${!after && html`<li>There is no record after it yet.</li>`}
  </ul></section>`;
}

function Record({ around, sequence }) {
  const { record } = around;
  if (record === null) return html`<p class="empty">There is no record ${sequence}, or it is not kept any more.</p>`;
  const payload = record.payload ?? null;
  return html`<section class="panel"><h2>What it says</h2><${Facts} facts=${factsOf(record)} /></section>
    <section class="panel"><h2>Details</h2>${payload === null && !record.payloadBase64
      ? html`<p class="quiet">There are none, or they are not kept any more.</p>`
      : html`<div class="action-frame"><${Block} name="Details" language="json" text=${payload === null ? record.payloadBase64 : JSON.stringify(payload, null, 2)} /></div>`}</section>
    <${Chain} before=${around.before} record=${record} after=${around.after} />`;
}

/** The page. */
export function RecordPage({ id }) {
  const sequence = Number(id);
  const loaded = useLoaded(id, () => loadAround(sequence));
  return html`<p class="back"><a href="/audit">Audit</a></p>
    <div class="head"><h1>Record ${id}</h1>
      ${sequence > 1 && html`<a class="button" href=${`/audit/${sequence - 1}`}>Before</a>`}
      <a class="button" href=${`/audit/${sequence + 1}`}>After</a></div>
    <${Loaded} loaded=${loaded} what="Loading the record">${(around) => html`<${Record} around=${around} sequence=${id} />`}<//>`;
}
