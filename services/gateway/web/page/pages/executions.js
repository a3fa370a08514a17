// Executions, newest first, by filters that stand in the address.

import { html, useState } from '../vendor/preact-htm.js';
import { addressOf, go } from '../base/routes.js';
import { timeOfLocal } from '../base/time.js';
import { ACTION_KINDS, ENDED_BY, EXECUTION_STATES, endedByWord, kindWord, stateWord } from '../base/words.js';
import { Choice, Labelled, Loaded, NextPage } from '../parts/basics.js';
import { ExecutionTable } from '../parts/execution_rows.js';
import { useCall, useRefresh } from '../parts/hooks.js';

const PAGE_SIZE = 50;
const REFRESH_MS = 5000;

const KINDS = [['', 'all'], ...ACTION_KINDS.map((kind) => [kind, kindWord(kind)])];
const RESULTS = [
  ['', 'all'],
  ...EXECUTION_STATES.map((state) => [state, stateWord(state)]),
  ...ENDED_BY.map((endedBy) => [endedBy, `finished: ${endedByWord(endedBy)}`]),
];

/**
 * The request that the query of the address stands for.
 * @param {Object<string, string>} query
 */
export function requestOf(query) {
  const result = query.result || '';
  const request = { pageSize: PAGE_SIZE };
  const set = (name, value) => {
    if (value) request[name] = value;
  };
  set('pageToken', query.page);
  set('agent', query.agent);
  set('actionKind', ACTION_KINDS.includes(query.kind) && query.kind);
  set('state', EXECUTION_STATES.includes(result) && result);
  set('endedBy', ENDED_BY.includes(result) && result);
  set('fromTime', timeOfLocal(query.from));
  set('toTime', timeOfLocal(query.to));
  set('text', query.text);
  return request;
}

function Filters({ query }) {
  const [form, setForm] = useState({ ...query, page: undefined });
  const put = (name) => (value) => setForm((old) => ({ ...old, [name]: value }));
  const input = (name, type) => html`<input type=${type} name=${name} value=${form[name] || ''}
    onInput=${(event) => put(name)(event.target.value)} />`;
  const submit = (event) => {
    event.preventDefault();
    go(addressOf('/executions', form));
  };
  return html`<form class="filters" role="search" aria-label="Filter executions" onSubmit=${submit}>
    <${Labelled} label="Agent">${input('agent', 'text')}<//>
    <${Choice} label="Action" value=${form.kind || ''} options=${KINDS} onChange=${put('kind')} />
    <${Choice} label="Result" value=${form.result || ''} options=${RESULTS} onChange=${put('result')} />
    <${Labelled} label="From">${input('from', 'datetime-local')}<//>
    <${Labelled} label="To">${input('to', 'datetime-local')}<//>
    <${Labelled} label="Text">${input('text', 'search')}<//>
    <div class="buttons"><button type="submit" class="main">Filter</button>
      <button type="button" onClick=${() => { setForm({}); go('/executions'); }}>Clear</button></div>
  </form>`;
}

/** The page. */
export function ExecutionsPage({ query }) {
  const loaded = useCall('ExecutionService', 'ListExecutions', requestOf(query));
  useRefresh(loaded.reload, REFRESH_MS);
  return html`<div class="head"><h1>Executions</h1></div>
    <${Filters} query=${query} />
    <${Loaded} loaded=${loaded} what="Loading executions">${({ executions, nextPageToken }) => html`
      ${executions.length === 0 ? html`<p class="empty">No execution matches.</p>`
        : html`<${ExecutionTable} caption="Executions" executions=${executions} />`}
      <${NextPage} token=${nextPageToken} isFirst=${!query.page}
        onNext=${(page) => go(addressOf('/executions', { ...query, page }))}
        onFirst=${() => go(addressOf('/executions', { ...query, page: '' }))} />`}<//>`;
}
