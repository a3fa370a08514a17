// Dialogs over the page: the browser keeps the focus inside and gives it back.

import { html, useEffect, useRef } from '../vendor/preact-htm.js';

/**
 * A modal dialog for as long as it is drawn.
 * @param {{title: string, onClose: () => void, children: any, tone?: string}} props
 *     `onClose` is called for Escape too.
 */
export function Dialog({ title, onClose, children, tone = 'plain' }) {
  const dialog = useRef(null);
  useEffect(() => {
    const element = dialog.current;
    element.showModal();
    return () => element.close();
  }, []);
  const cancel = (event) => {
    event.preventDefault();
    onClose();
  };
  return html`<dialog ref=${dialog} class=${`tone-${tone}`} aria-labelledby="dialog-title" onCancel=${cancel}>
    <h2 id="dialog-title">${title}</h2>${children}</dialog>`;
}

const KEYS = [
  ['j / k', 'next, previous question'],
  ['Enter', 'open the question that is chosen'],
  ['a', 'approve: asks once more'],
  ['r', 'reject: asks for a reason'],
  ['/', 'search'],
  ['u', 'back to the list'],
  ['?', 'this list'],
  ['Esc', 'close'],
];

/** Tells the keys. */
export function KeysDialog({ onClose }) {
  return html`<${Dialog} title="Keys" onClose=${onClose}>
    <dl class="keys">${KEYS.map(([key, what]) => html`<div key=${key}><dt><kbd>${key}</kbd></dt><dd>${what}</dd></div>`)}</dl>
    <div class="buttons"><button type="button" class="main" onClick=${onClose}>Close</button></div>
  <//>`;
}

/**
 * Asks whether something shall be done.
 * @param {{title: string, verb: string, action: {run: Function, busy: boolean, error: Error | null},
 *          onClose: () => void, children: any}} props `action` is of useAction();
 *     the dialog closes when it has done its work.
 */
export function ConfirmDialog({ title, verb, action, onClose, children }) {
  const confirm = async (event) => {
    event.preventDefault();
    if ((await action.run()) !== undefined) onClose();
  };
  return html`<${Dialog} title=${title} onClose=${onClose} tone="bad">
    <form onSubmit=${confirm}>
      ${children}
      ${action.error && html`<p class="failure" role="alert">${action.error.message}</p>`}
      <div class="buttons">
        <button type="button" onClick=${onClose}>Cancel</button>
        <button type="submit" class="danger" disabled=${action.busy}>${action.busy ? 'Working…' : verb}</button>
      </div>
    </form>
  <//>`;
}
