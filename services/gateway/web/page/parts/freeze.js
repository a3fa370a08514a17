// Stops all starts, or those of one agent, and allows them again.

import { html, useState } from '../vendor/preact-htm.js';
import { call } from '../base/api.js';
import { counted } from '../base/words.js';
import { Labelled, Loaded, Moment, Said } from './basics.js';
import { ConfirmDialog } from './dialog.js';
import { useAction, useCall, useMayCall } from './hooks.js';

function FreezeDialog({ onClose, onDone }) {
  const [form, setForm] = useState({ agent: '', comment: '', kill: false });
  const put = (name, value) => setForm((old) => ({ ...old, [name]: value }));
  const action = useAction(async () => {
    const answer = await call('PolicyService', 'Freeze', form);
    onDone(answer.killed > 0 ? `${counted(answer.killed, 'execution')} told to end.` : '');
    return answer;
  });
  return html`<${ConfirmDialog} title="Stop starts?" verb="Freeze" action=${action} onClose=${onClose}>
    <${Labelled} label="Agent" hint="Empty: all agents"><input type="text" name="agent" value=${form.agent} onInput=${(event) => put('agent', event.target.value)} /><//>
    <${Labelled} label="Why (for the record)"><input type="text" name="comment" maxlength="500" value=${form.comment} onInput=${(event) => put('comment', event.target.value)} /><//>
    <label class="check"><input type="checkbox" name="kill" checked=${form.kill} onChange=${(event) => put('kill', event.target.checked)} /> also kill what runs</label>
  <//>`;
}

function ThawDialog({ freeze, onClose, onDone }) {
  const action = useAction(async () => {
    const answer = await call('PolicyService', 'Thaw', { agent: freeze.agent });
    onDone('');
    return answer;
  });
  return html`<${ConfirmDialog} title="Allow starts again?" verb="Thaw" action=${action} onClose=${onClose}>
    <p>${freeze.agent ? html`Of agent <${Said} text=${freeze.agent} />.` : 'Of everyone, also of agents that were frozen one by one.'}</p><//>`;
}

function Freezes({ freezes, mayThaw, onThaw }) {
  if (freezes.length === 0) return html`<p>Nothing is frozen.</p>`;
  return html`<ul class="freezes">${freezes.map((one) => html`<li key=${one.agent}>
    <strong>${one.agent ? html`Agent <${Said} text=${one.agent} />` : 'Everything'}</strong> is frozen since <${Moment} time=${one.time} />
    ${' '}by <${Said} text=${one.actor} />${one.comment ? html`: <${Said} text=${one.comment} />` : ''}
    ${' '}${mayThaw && html`<button type="button" onClick=${() => onThaw(one)}>Thaw</button>`}</li>`)}</ul>`;
}

/** What is frozen, and for operators the buttons. */
export function FreezePanel() {
  const mayCall = useMayCall();
  const loaded = useCall('PolicyService', 'GetPolicyStatus', mayCall('PolicyService/GetPolicyStatus') ? {} : null);
  const [dialog, setDialog] = useState(null);
  const [note, setNote] = useState('');
  const close = () => setDialog(null);
  const done = (text) => {
    setNote(text);
    loaded.reload();
  };
  return html`<section class="panel"><h2>Freeze</h2>
    <${Loaded} loaded=${loaded} what="Loading what is frozen">${({ freezes }) => html`
      <${Freezes} freezes=${freezes} mayThaw=${mayCall('PolicyService/Thaw')} onThaw=${(freeze) => setDialog({ freeze })} />`}<//>
    ${note !== '' && html`<p class="note" role="status">${note}</p>`}
    ${mayCall('PolicyService/Freeze') && html`<button type="button" class="danger" onClick=${() => setDialog({})}>Freeze…</button>`}
    ${dialog !== null && !dialog.freeze && html`<${FreezeDialog} onClose=${close} onDone=${done} />`}
    ${dialog?.freeze && html`<${ThawDialog} freeze=${dialog.freeze} onClose=${close} onDone=${done} />`}
  </section>`;
}
