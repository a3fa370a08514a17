// Which recorded requests another configuration would decide otherwise.

import { html, useEffect, useRef, useState } from '../vendor/preact-htm.js';
import { askForEvents } from '../base/event_request.js';
import { RANGES, rangeOf } from '../base/ranges.js';
import { counted } from '../base/words.js';
import { Choice, Failure, Labelled, Said, Table } from './basics.js';
import { DecisionText } from './explain.js';

function Result({ result }) {
  return html`<div role="status">
    <p><strong>${result.changed}</strong> of ${counted(result.requests, 'request')} would be decided otherwise.
      ${result.unreadable > 0 && ` ${counted(result.unreadable, 'request')} could not be decided again: their bytes are not kept.`}
      ${!result.complete && ' Only the newest 100,000 executions were looked at.'}</p>
    ${result.changes.length > 0 && html`<${Table} caption="What would differ" numbers=${['Requests']} head=${['Requests', 'Was', 'Would be', 'Such as']}>
      ${result.changes.map((one, at) => html`<tr key=${at}><td class="number">${one.requests}</td>
        <td><${DecisionText} decision=${one.before} /></td><td><${DecisionText} decision=${one.after} /></td>
        <td>${one.examples.map((example) => html`<div key=${example.id}><a class="id" href=${`/executions/${encodeURIComponent(example.id)}`}>${example.id}</a> <${Said} text=${example.agent} /></div>`)}</td></tr>`)}<//>`}
  </div>`;
}

function useReplay() {
  const [state, setState] = useState({ running: false, progress: 0, result: null, error: null });
  const stop = useRef(() => {});
  useEffect(() => () => stop.current(), []);
  const put = (changed) => setState((old) => ({ ...old, ...changed }));
  const start = (range, config) => {
    stop.current();
    setState({ running: true, progress: 0, result: null, error: null });
    stop.current = askForEvents('/api/events/ReportService/ReplayPolicy', { range, config }, {
      onMessage: (message) => put(message.result ? { result: message.result } : { progress: message.progress }),
      onEnd: (end) => put({ running: false, error: end.code ? end : null }),
      onLost: (error) => put({ running: false, error }),
    });
  };
  return { ...state, start };
}

/**
 * The form and what it found.
 * @param {{config: string}} props What stands in the form first.
 */
export function ReplayForm({ config }) {
  const [text, setText] = useState(null);
  const [since, setSince] = useState('7d');
  const replay = useReplay();
  const shown = text ?? config;
  const submit = (event) => {
    event.preventDefault();
    replay.start(rangeOf(since), shown);
  };
  return html`<section class="panel" aria-label="What would have been?"><h2>What would have been?</h2>
    <p class="quiet">Decides the recorded requests again by another configuration. Nothing is changed or run.</p>
    <form onSubmit=${submit}>
      <${Choice} label="Requests of the" value=${since} options=${RANGES} onChange=${setSince} />
      <${Labelled} label="Configuration (JSON)"><textarea name="config" rows="14" spellcheck=${false} required value=${shown}
        onInput=${(event) => setText(event.target.value)}></textarea><//>
      <button type="submit" class="main" disabled=${replay.running}>${replay.running ? `${replay.progress} decided…` : 'Replay'}</button>
    </form>
    ${replay.error && html`<${Failure} error=${replay.error} />`}
    ${replay.result !== null && html`<${Result} result=${replay.result} />`}
  </section>`;
}
