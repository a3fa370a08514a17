// Small components that every page uses.

import { html } from '../vendor/preact-htm.js';
import { piecesOf, rawPiecesOf } from '../base/escapes.js';
import { agoText, countdownText, millisOf, momentText } from '../base/time.js';
import { useNow } from './hooks.js';

/**
 * A text of others in a line of the page: unseen characters are shown marked,
 * and it cannot turn around or run out of what stands beside it.
 * @param {{text: string, raw?: boolean}} props `raw`: nobody escaped it yet.
 */
export function Said({ text, raw = false }) {
  const pieces = (raw ? rawPiecesOf : piecesOf)(String(text ?? ''));
  return html`<bdi class="said" dir="ltr">${pieces.map(({ text: part, mark }) => (mark ? html`<${Mark} text=${part} />` : part))}</bdi>`;
}

/** What stands for something unseen. */
export function Mark({ text }) {
  return html`<span class="mark">${text}</span>`;
}

/** A state in a coloured chip; `tone` as in words.js. */
export function Chip({ tone = 'plain', children }) {
  return html`<span class=${`chip tone-${tone}`}>${children}</span>`;
}

/** A digest or id: monospaced, breaks anywhere. */
export function Code({ children }) {
  return html`<code class="id" dir="ltr">${children}</code>`;
}

/** What is waited for. */
export function Waiting({ what = 'Loading' }) {
  return html`<p class="waiting" role="status"><span class="spinner" aria-hidden="true"></span>${what}…</p>`;
}

/**
 * An error with what can be done.
 * @param {{error: Error & {code?: string}, retry?: () => void}} props
 */
export function Failure({ error, retry }) {
  return html`<div class="failure" role="alert">
    <p><strong>${titleOf(error)}</strong> <${Said} text=${error.message} /></p>
    ${(error.violations || []).length > 0 && html`<ul>${error.violations.map((one) => html`
      <li><${Said} text=${one.field} />: <${Said} text=${one.description} /></li>`)}</ul>`}
    ${retry && html`<button type="button" onClick=${retry}>Try again</button>`}
  </div>`;
}

const TITLES = {
  PERMISSION_DENIED: 'Not permitted.',
  NOT_FOUND: 'Not found.',
  UNAVAILABLE: 'Not reachable.',
  DEADLINE_EXCEEDED: 'No answer.',
  RESOURCE_EXHAUSTED: 'Too much at once.',
  INVALID_ARGUMENT: 'Not valid.',
  UNAUTHENTICATED: 'Signed out.',
};

const titleOf = (error) => TITLES[error.code] || 'That did not work.';

/**
 * What useLoaded() gave: its data drawn by `children`, else that it is waited
 * for or why it is not there.
 * @param {{loaded: object, what: string, children: (data: any) => any}} props
 */
export function Loaded({ loaded, what, children }) {
  const { data, error, waiting, reload } = loaded;
  return html`
    ${error && html`<${Failure} error=${error} retry=${reload} />`}
    ${data === null && waiting && html`<${Waiting} what=${what} />`}
    ${data !== null && children(data)}`;
}

/** Moments, each with how long ago it is. */
export function Moment({ time, at }) {
  if (!time) return html`<span class="quiet">–</span>`;
  return html`<time datetime=${time} title=${momentText(time)}>${at === undefined ? momentText(time) : agoText(time, at)}</time>`;
}

/**
 * Time left until a deadline, by second.
 * @param {{deadline: string}} props
 */
export function Countdown({ deadline }) {
  const at = useNow(1000);
  const left = millisOf(deadline) - at;
  const tone = left < 30000 ? 'bad' : left < 60000 ? 'waits' : 'plain';
  return html`<time class=${`countdown tone-${tone}`} datetime=${deadline} role="timer" title=${momentText(deadline)}>
    ${left > 0 ? countdownText(left) : 'time is up'}</time>`;
}

/**
 * Names with values, one below the other.
 * @param {{facts: [string, any][]}} props What has no value is left out.
 */
export function Facts({ facts }) {
  const shown = facts.filter(([, value]) => value !== undefined && value !== null && value !== '' && value !== false);
  return html`<dl class="facts">${shown.map(([name, value]) => html`
    <div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

/**
 * A table that scrolls sideways within itself.
 * @param {{caption: string, head: string[], numbers?: string[], children: any}} props
 *     `numbers`: those of `head` whose columns are numbers; `children`: the rows.
 */
export function Table({ caption, head, numbers = [], children }) {
  return html`<div class="table" role="region" tabindex="0" aria-label=${caption}><table>
    <caption class="unseen">${caption}</caption>
    <thead><tr>${head.map((name) => html`<th scope="col" class=${numbers.includes(name) ? 'number' : undefined} key=${name}>${name}</th>`)}</tr></thead>
    <tbody>${children}</tbody></table></div>`;
}

/** A labelled field of a form. */
export function Labelled({ label, hint, children }) {
  return html`<label class="labelled"><span>${label}</span>${children}${hint && html`<small>${hint}</small>`}</label>`;
}

/** A choice out of [value, text] pairs. */
export function Choice({ label, value, options, onChange }) {
  return html`<${Labelled} label=${label}><select value=${value} onChange=${(event) => onChange(event.target.value)}>
    ${options.map(([one, text]) => html`<option key=${one} value=${one} selected=${one === value}>${text}</option>`)}
  </select><//>`;
}

/** Leads to the next page of a list; nothing if there is none. */
export function NextPage({ token, onNext, onFirst, isFirst }) {
  if (!token && isFirst) return null;
  return html`<nav class="paging" aria-label="Older and newer">
    ${!isFirst && html`<button type="button" onClick=${onFirst}>Newest</button>`}
    ${token && html`<button type="button" onClick=${() => onNext(token)}>Older</button>`}
  </nav>`;
}
