// An action as the service rendered it from the bytes that will run.

import { html, useMemo } from '../vendor/preact-htm.js';
import { piecesOf } from '../base/escapes.js';
import { bytesText } from '../base/words.js';
import { Mark } from './basics.js';
import { Block, SHOWN_BYTES, beginningOf, bytesOf } from './action_text.js';

// Where and within what it runs; everything else is what runs, also what this
// page does not know.
const SURROUNDINGS = new Set([
  'session', 'session generation', 'session parallel', 'timeout', 'network', 'mount', 'image', 'image id', 'user',
  'backend', 'runtime', 'memory', 'processors', 'processes', 'size of /workspace', 'size of /tmp', 'files in each',
  'output', 'image pull', 'interpreter', 'code file ending', 'execution',
]);

/**
 * What of a view is shown until it is opened in full.
 * @param {{fields: object[]}} view
 * @returns {{fields: object[], hiddenBytes: number}} Each field has
 *     `hiddenBytes` of its own.
 */
export function foldView(view) {
  let left = SHOWN_BYTES;
  let hiddenBytes = 0;
  const fields = view.fields.map((field) => {
    const bytes = bytesOf(field.text);
    if (bytes <= left) {
      left -= bytes;
      return { ...field, hiddenBytes: 0 };
    }
    const text = beginningOf(field.text, left);
    const hidden = bytes - bytesOf(text);
    left = 0;
    hiddenBytes += hidden;
    return { ...field, text, hiddenBytes: hidden };
  });
  return { fields, hiddenBytes };
}

/**
 * Whether all that will run is in a view.
 * @param {{complete: boolean, fields: object[]} | null} view
 */
export function isComplete(view) {
  return Boolean(view && view.complete && view.fields.length > 0 &&
    view.fields.every((field) => Number(field.cutBytes || 0) === 0));
}

function Value({ field }) {
  if (field.block || field.text.length > 300) {
    return html`<${Block} name=${field.name} text=${field.text} language=${field.language || ''} />`;
  }
  return html`<code class="value" dir="ltr">${piecesOf(field.text).map(({ text, mark }) =>
    (mark ? html`<${Mark} text=${text} />` : text))}${field.text === '' && html`<i>(empty)</i>`}</code>`;
}

function Cut({ bytes, children }) {
  return html`<p class="cut" role="note"><strong>Cut here:</strong> ${bytesText(bytes)} more. ${children}</p>`;
}

function Field({ field }) {
  const cut = Number(field.cutBytes || 0);
  return html`<div class=${field.name === 'problem' ? 'field problem' : 'field'}>
    <dt>${field.name}${field.block && field.language ? html` <span class="quiet">${field.language}</span>` : ''}</dt>
    <dd><${Value} field=${field} />
      ${field.hiddenBytes > 0 && html`<${Cut} bytes=${field.hiddenBytes}>Open the action in full to see it.<//>`}
      ${cut > 0 && html`<${Cut} bytes=${cut}>The service does not show it.<//>`}</dd>
  </div>`;
}

/**
 * Everything that will run.
 * @param {{view: object, opened: boolean, onOpen: () => void, forAnswer?: boolean, title?: string}} props
 *     `opened`: also what is beyond the first 200 KB. `forAnswer`: somebody may
 *     answer a question about it.
 */
export function ActionView({ view, opened, onOpen, forAnswer = false, title = 'What will run' }) {
  const folded = useMemo(() => foldView(view), [view]);
  const fields = opened ? view.fields.map((field) => ({ ...field, hiddenBytes: 0 })) : folded.fields;
  const inside = fields.filter((field) => !SURROUNDINGS.has(field.name));
  const around = fields.filter((field) => SURROUNDINGS.has(field.name));
  return html`<section class="action" aria-label=${title}>
    <h2>${title}</h2>
    ${!isComplete(view) && html`<p class="failure" role="alert"><strong>Not all of it is shown here.</strong>${forAnswer
      && ' Nobody can approve it from this page.'}</p>`}
    <dl class="fields action-frame">${inside.map((field, at) => html`<${Field} key=${at} field=${field} />`)}</dl>
    ${!opened && folded.hiddenBytes > 0 && html`<p class="cut open-all"><strong>${bytesText(folded.hiddenBytes)} are not
      shown yet.</strong> ${forAnswer && 'It can be approved when it has been opened in full.'}
      <button type="button" onClick=${onOpen}>Open in full</button></p>`}
    <h3>Where, and within which limits</h3>
    <dl class="fields around action-frame">${around.map((field, at) => html`<${Field} key=${at} field=${field} />`)}</dl>
  </section>`;
}

/**
 * Whether something of a view is not shown before it is opened in full.
 * @param {object} view
 */
export function needsOpening(view) {
  return foldView(view).hiddenBytes > 0;
}
