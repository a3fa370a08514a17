// The audit: search, export and verification.

import { html, useEffect, useRef, useState } from '../vendor/preact-htm.js';
import { follow } from '../base/events.js';
import { addressOf, go } from '../base/routes.js';
import { timeOfLocal } from '../base/time.js';
import { ACTION_KINDS, kindWord } from '../base/words.js';
import { Choice, Failure, Labelled, Loaded, Moment, NextPage, Said, Table } from '../parts/basics.js';
import { useAuditList } from '../parts/hooks.js';

const PAGE_SIZE = 50;

const TYPES = [
  'REQUEST', 'APPROVAL_ASKED', 'APPROVAL_ANSWERED', 'APPROVAL_ENDED', 'START', 'END', 'SESSION_OPENED', 'SESSION_ENDED',
  'CONFIG', 'REFUSED', 'FREEZE', 'SERVICE', 'LATE_REPORT',
];

const typeText = (type) => type.toLowerCase().replaceAll('_', ' ');

function filterOf(query) {
  const filter = {};
  const set = (name, value) => {
    if (value) filter[name] = value;
  };
  set('fromTime', timeOfLocal(query.from));
  set('toTime', timeOfLocal(query.to));
  set('agent', query.agent);
  set('actionKind', ACTION_KINDS.includes(query.kind) && query.kind);
  set('outcome', query.outcome);
  set('type', TYPES.includes(query.type) && `AUDIT_EVENT_TYPE_${query.type}`);
  set('executionId', query.execution);
  set('text', query.text);
  return filter;
}

function Filters({ query }) {
  const [form, setForm] = useState({ ...query, page: undefined });
  const put = (name) => (value) => setForm((old) => ({ ...old, [name]: value }));
  const input = (name, type) => html`<input type=${type} name=${name} value=${form[name] || ''}
    onInput=${(event) => put(name)(event.target.value)} />`;
  const submit = (event) => {
    event.preventDefault();
    go(addressOf('/audit', form));
  };
  return html`<form class="filters" role="search" aria-label="Search the audit" onSubmit=${submit}>
    <${Labelled} label="Text">${input('text', 'search')}<//>
    <${Labelled} label="Agent">${input('agent', 'text')}<//>
    <${Choice} label="What" value=${form.type || ''} options=${[['', 'all'], ...TYPES.map((one) => [one, typeText(one)])]} onChange=${put('type')} />
    <${Choice} label="Action" value=${form.kind || ''} options=${[['', 'all'], ...ACTION_KINDS.map((kind) => [kind, kindWord(kind)])]} onChange=${put('kind')} />
    <${Labelled} label="Outcome">${input('outcome', 'text')}<//>
    <${Labelled} label="Execution">${input('execution', 'text')}<//>
    <${Labelled} label="From">${input('from', 'datetime-local')}<//>
    <${Labelled} label="To">${input('to', 'datetime-local')}<//>
    <div class="buttons"><button type="submit" class="main">Search</button>
      <button type="button" onClick=${() => { setForm({}); go('/audit'); }}>Clear</button></div>
  </form>`;
}

function Verify() {
  const [state, setState] = useState(null);
  const stop = useRef(() => {});
  useEffect(() => () => stop.current(), []);
  const start = () => {
    setState({ running: true, records: '0' });
    const take = (message) => setState((old) => ({ ...old, ...message }));
    stop.current = follow(() => '/api/audit/verify', {
      onMessage: take,
      onEnd: (end) => setState((old) => ({ ...old, ...(end.code ? { error: end } : end), running: false })),
      onLost: (error) => {
        stop.current();
        setState((old) => ({ ...old, running: false, error }));
      },
    });
  };
  return html`<div class="verify">
    <button type="button" onClick=${start} disabled=${state?.running}>Verify the chain</button>
    ${state?.error && html`<${Failure} error=${state.error} />`}
    ${state !== null && !state.error && html`<span role="status">${state.running ? `${state.records} records verified so far…` : ''}
      ${!state.running && state.ok === true && html`<span class="chip tone-good">${state.records} records, an unbroken chain</span>`}
      ${!state.running && state.ok !== true && html`<span class="chip tone-bad">The chain is broken</span> <${Said} text=${state.problem} />`}</span>`}
  </div>`;
}

function Rows({ records }) {
  return html`<${Table} caption="Audit records" numbers=${['No']} head=${['No', 'When', 'What', 'Who', 'Agent', 'Action', 'Outcome', 'Why']}>
    ${records.map((one) => html`<tr key=${`${one.writer} ${one.sequence}`}>
      <td class="number"><a href=${`/audit/${one.sequence}`}>${one.sequence}</a></td>
      <td><${Moment} time=${one.time} /></td>
      <td>${typeText(one.type || '')}</td>
      <td><${Said} text=${one.actor} raw=${true} /></td>
      <td><${Said} text=${one.agent} raw=${true} /></td>
      <td>${one.actionKind || ''}</td>
      <td><${Said} text=${one.outcome} raw=${true} /></td>
      <td><${Said} text=${[one.reason, one.rule].filter(Boolean).join(', ')} raw=${true} /></td></tr>`)}<//>`;
}

/** The page. */
export function AuditPage({ query }) {
  const request = { pageSize: PAGE_SIZE, filter: filterOf(query) };
  if (query.page) request.pageToken = query.page;
  const loaded = useAuditList(request);
  return html`<div class="head"><h1>Audit</h1><${Verify} />
      <a class="button" href="/api/audit/export" download="airlock-audit.ndjson">Export (NDJSON)</a></div>
    <${Filters} query=${query} />
    <${Loaded} loaded=${loaded} what="Loading records">${({ records, nextPageToken }) => html`
      ${records.length === 0 ? html`<p class="empty">No record matches.</p>` : html`<${Rows} records=${records} />`}
      <${NextPage} token=${nextPageToken} isFirst=${!query.page}
        onNext=${(page) => go(addressOf('/audit', { ...query, page }))}
        onFirst=${() => go(addressOf('/audit', { ...query, page: '' }))} />`}<//>`;
}
