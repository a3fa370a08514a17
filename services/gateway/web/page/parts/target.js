// What a write would change: the file as it is now, and as it would be.

import { html } from '../vendor/preact-htm.js';
import { Diff } from './diff.js';
import { Loaded, Said } from './basics.js';
import { useCall } from './hooks.js';

const textOf = (view, name) => view.fields.find((field) => field.name === name)?.text || '';

const isCut = (field) => Number(field?.cutBytes || 0) > 0;

// What the file would hold then, of what is shown of it.
function afterwards(view, before) {
  const content = textOf(view, 'content');
  return textOf(view, 'existing file') === 'is added to' ? before + content : content;
}

function Note({ children }) {
  return html`<p class="quiet">${children}</p>`;
}

function Comparison({ found, view }) {
  const before = found.content?.text || '';
  const after = afterwards(view, before);
  const cut = found.message || isCut(found.content) || isCut(view.fields.find((field) => field.name === 'content'));
  return html`
    ${textOf(view, 'existing file') === 'is an error' && html`<${Note}>A file is there, so writing would fail.<//>`}
    ${cut && html`<p class="cut" role="note"><strong>Only the beginning is compared.</strong> <${Said} text=${found.message} /></p>`}
    ${before === after && !cut ? html`<${Note}>Nothing: it holds exactly this already.<//>`
      : html`<${Diff} before=${before} after=${after} />`}`;
}

function Found({ found, view }) {
  if (found.presence === 'PRESENCE_NONE') return html`<${Note}>No file is there: all of it is new.<//>`;
  if (found.presence === 'PRESENCE_FILE') return html`<${Comparison} found=${found} view=${view} />`;
  return html`<${Note}>What is there cannot be read: <${Said} text=${found.message} /><//>`;
}

/**
 * Compares what a pending file_write would write with what is there.
 * @param {{approval: object, view: {fields: object[]}}} props
 */
export function Target({ approval, view }) {
  const loaded = useCall('ApprovalService', 'ReadTarget', { id: approval.id });
  return html`<section class="panel" aria-label="What would change"><h2>What would change</h2>
    <${Loaded} loaded=${loaded} what="Reading the file as it is now">${(found) => html`<${Found} found=${found} view=${view} />
      <p class="quiet">Compared with the file as it was when it was read just now.
        <button type="button" disabled=${loaded.waiting} onClick=${loaded.reload}>Read it again</button></p>`}<//></section>`;
}
