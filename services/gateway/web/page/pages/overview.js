// What happened over time: volume, results, latency, time to a decision.

import { html, useMemo } from '../vendor/preact-htm.js';
import { RANGES, rangeName, rangeOf } from '../base/ranges.js';
import { addressOf, go } from '../base/routes.js';
import { durationMillis, durationText, momentText } from '../base/time.js';
import { Choice, Facts, Loaded, Said, Table } from '../parts/basics.js';
import { DurationLines, Legend, ShareBar, StackedBars } from '../parts/charts.js';
import { useCall } from '../parts/hooks.js';

const BUCKETS = 48;
const QUANTILES = ['p50', 'p90', 'p99'];
// What is good first, so that it stands at the bottom of the bars.
const KNOWN_RESULTS = ['exited', 'running', 'queued', 'awaiting_approval'];

// Results that occur, in an order that does not depend on the data.
function resultsOf(buckets, agents) {
  const seen = new Set([...buckets, ...agents].flatMap((one) => Object.keys(one.byResult || {})));
  const rest = [...seen].filter((name) => !KNOWN_RESULTS.includes(name)).sort();
  return [...KNOWN_RESULTS.filter((name) => seen.has(name)), ...rest];
}

const timesOf = (summary) => QUANTILES.map((name) =>
  (summary && summary.count > 0 ? durationMillis(summary[name]) : null));

const summaryText = (summary) => (summary && summary.count > 0
  ? `half within ${durationText(durationMillis(summary.p50))}, 99 of 100 within ${durationText(durationMillis(summary.p99))} (${summary.count} measured)`
  : 'none measured');

function Numbers({ buckets, names }) {
  return html`<details><summary>The numbers</summary>
    <${Table} caption="Executions over time" numbers=${['All', ...names]} head=${['From', 'All', ...names]}>
      ${buckets.filter((one) => one.total > 0).map((one) => html`<tr key=${one.startTime}><td>${momentText(one.startTime)}</td>
        <td class="number">${one.total}</td>${names.map((name) => html`<td class="number" key=${name}>${one.byResult[name] || 0}</td>`)}</tr>`)}
    <//></details>`;
}

function Agents({ agents, names }) {
  const most = Math.max(0, ...agents.map((one) => one.total));
  return html`<section class="panel"><h2>Agents</h2>
    ${agents.length === 0 ? html`<p class="empty">No agent asked for anything in this time.</p>` : html`
    <${Legend} names=${names} />
    <${Table} caption="Executions by agent" numbers=${['Executions']} head=${['Agent', 'Executions', 'Results']}>${agents.map((one) => html`<tr key=${one.agent}>
      <td><a href=${`/executions?agent=${encodeURIComponent(one.agent)}`}><${Said} text=${one.agent} /></a></td>
      <td class="number">${one.total}</td>
      <td class="wide"><${ShareBar} names=${names} values=${names.map((name) => one.byResult[name] || 0)} most=${most} /></td></tr>`)}<//>`}
  </section>`;
}

function Charts({ activity }) {
  const names = useMemo(() => resultsOf(activity.buckets, activity.agents), [activity]);
  const labels = activity.buckets.map((one) => momentText(one.startTime).slice(0, 16));
  const failed = activity.agents.reduce((sum, one) => sum + one.total - (one.byResult.exited || 0), 0);
  const total = activity.buckets.reduce((sum, one) => sum + one.total, 0);
  return html`
    ${!activity.complete && html`<p class="note" role="note">Only the newest 100,000 executions were looked at.</p>`}
    <section class="panel"><${Facts} facts=${[
      ['Executions', String(total)],
      ['Ended otherwise', String(failed)],
      ['Questions open now', html`<a href="/approvals">${activity.pending}</a>`],
      ['Start to end', summaryText(activity.runTime)],
      ['Question to answer', summaryText(activity.decisionTime)],
    ]} /></section>
    <section class="panel"><${StackedBars} title="Executions by result" names=${names} labels=${labels}
        values=${activity.buckets.map((one) => names.map((name) => one.byResult[name] || 0))} />
      <${Numbers} buckets=${activity.buckets} names=${names} /></section>
    <div class="columns">
      <section class="panel"><${DurationLines} title="From start to end" names=${QUANTILES} labels=${labels}
        values=${activity.buckets.map((one) => timesOf(one.runTime))} /></section>
      <section class="panel"><${DurationLines} title="From question to answer" names=${QUANTILES} labels=${labels}
        values=${activity.buckets.map((one) => timesOf(one.decisionTime))} /></section>
    </div>
    <${Agents} agents=${activity.agents} names=${names} />`;
}

/** The page. */
export function OverviewPage({ query }) {
  const name = rangeName(query.since, '24h');
  const agent = query.agent || '';
  const range = useMemo(() => rangeOf(name, agent), [name, agent]);
  const loaded = useCall('ReportService', 'GetActivity', { range, buckets: BUCKETS });
  const change = (changed) => go(addressOf('/overview', { since: name, agent, ...changed }));
  const agents = [...new Set(['', agent, ...(loaded.data?.agents || []).map((one) => one.agent)])];
  return html`<div class="head"><h1>Overview</h1>
      <${Choice} label="Time" value=${name} options=${RANGES} onChange=${(since) => change({ since })} />
      <${Choice} label="Agent" value=${agent} options=${agents.map((one) => [one, one || 'all'])} onChange=${(one) => change({ agent: one })} />
      <button type="button" onClick=${loaded.reload}>Refresh</button></div>
    <${Loaded} loaded=${loaded} what="Loading what happened">${(activity) => html`<${Charts} activity=${activity} />`}<//>`;
}
