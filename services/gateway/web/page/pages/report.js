// How questions were answered, by agent, kind and rule: what could be asked
// less, or more.

import { html, useMemo } from '../vendor/preact-htm.js';
import { RANGES, rangeName, rangeOf } from '../base/ranges.js';
import { addressOf, go } from '../base/routes.js';
import { kindWord } from '../base/words.js';
import { Choice, Loaded, Said, Table } from '../parts/basics.js';
import { useCall } from '../parts/hooks.js';

const NUMBERS = [
  ['requests', 'Requests'], ['allowed', 'Allowed'], ['denied', 'Denied'], ['asked', 'Asked'], ['approved', 'Approved'],
  ['rejected', 'Rejected'], ['expired', 'Expired'], ['repeated', 'Repeated'], ['standing', 'By standing approval'],
  ['fullWouldRun', '“full” would run'],
];

function Rows({ rows }) {
  const sum = (name) => rows.reduce((total, row) => total + row[name], 0);
  return html`<${Table} caption="Questions by agent, action and rule" numbers=${NUMBERS.map(([, text]) => text)} head=${['Agent', 'Action', 'Rule', ...NUMBERS.map(([, text]) => text)]}>
    ${rows.map((row) => html`<tr key=${`${row.agent} ${row.actionKind} ${row.rule}`}>
      <td><a href=${`/executions?agent=${encodeURIComponent(row.agent)}&kind=${row.actionKind}`}><${Said} text=${row.agent} /></a></td>
      <td>${kindWord(row.actionKind)}</td><td><${Said} text=${row.rule} /></td>
      ${NUMBERS.map(([name]) => html`<td class=${row[name] === 0 ? 'number quiet' : 'number'} key=${name}>${row[name]}</td>`)}</tr>`)}
    <tr class="sum"><th scope="row" colspan="3">All</th>${NUMBERS.map(([name]) => html`<td class="number" key=${name}>${sum(name)}</td>`)}</tr><//>`;
}

function Summary({ rows }) {
  const sum = (name) => rows.reduce((total, row) => total + row[name], 0);
  const asked = sum('asked');
  if (asked === 0) return html`<p>Nobody was asked anything in this time.</p>`;
  return html`<p>Of <strong>${asked}</strong> questions <strong>${sum('approved')}</strong> were approved and
    ${' '}<strong>${sum('rejected')}</strong> rejected; <strong>${sum('repeated')}</strong> had been asked before in the very same way.
    ${' '}<strong>${sum('standing')}</strong> more were not asked because of a standing approval.</p>`;
}

/** The page. */
export function ReportPage({ query }) {
  const name = rangeName(query.since, '7d');
  const range = useMemo(() => rangeOf(name), [name]);
  const loaded = useCall('ReportService', 'GetApprovalReport', { range });
  return html`<div class="head"><h1>Report</h1>
      <${Choice} label="Time" value=${name} options=${RANGES} onChange=${(since) => go(addressOf('/report', { since }))} />
      <button type="button" onClick=${loaded.reload}>Refresh</button></div>
    <${Loaded} loaded=${loaded} what="Loading the report">${({ rows, complete }) => html`
      ${!complete && html`<p class="note" role="note">Only the newest 100,000 executions were looked at.</p>`}
      <${Summary} rows=${rows} />
      ${rows.length > 0 && html`<${Rows} rows=${rows} />`}`}<//>`;
}
