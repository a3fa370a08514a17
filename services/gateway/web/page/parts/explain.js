// Asks the policy what it would decide about an action.

import { html, useState } from '../vendor/preact-htm.js';
import { call } from '../base/api.js';
import { word } from '../base/words.js';
import { Chip, Choice, Failure, Labelled, Said } from './basics.js';
import { useAction } from './hooks.js';

// For each kind its fields as [name, label, whether it has several lines].
const FORMS = {
  system_command: [['argv', 'Arguments, one in a line', true]],
  shell: [['shell', 'Shell line', false]],
  code_exec: [['language', 'Language', false], ['code', 'Code', true]],
  file_read: [['path', 'Path', false]],
  file_list: [['path', 'Path', false]],
  file_write: [['path', 'Path', false]],
  file_delete: [['path', 'Path', false]],
  http_get: [['url', 'URL', false]],
  http_post: [['url', 'URL', false]],
  ssh_exec: [['command', 'Command', false]],
};

const KINDS = Object.keys(FORMS).map((kind) => [kind, kind === 'shell' ? 'system_command (shell)' : kind]);

const camel = (kind) => kind.replace(/_(.)/g, (_, letter) => letter.toUpperCase());

/**
 * The Action that the form stands for, as proto3 JSON.
 * @param {string} kind A key of FORMS.
 * @param {Object<string, string>} form
 */
export function actionOf(kind, form) {
  const value = (name) => form[name] || '';
  if (kind === 'system_command') return { systemCommand: { argv: { args: value('argv').split('\n').filter((one) => one !== '') } } };
  if (kind === 'shell') return { systemCommand: { shell: value('shell') } };
  return { [camel(kind)]: Object.fromEntries(FORMS[kind].map(([name]) => [name, value(name)])) };
}

const TONES = { EFFECT_ALLOW: 'good', EFFECT_DENY: 'bad', EFFECT_REQUIRE_APPROVAL: 'waits' };

/**
 * A decision in a few words.
 * @param {{decision: object}} props
 */
export function DecisionText({ decision }) {
  return html`<${Chip} tone=${TONES[decision?.effect] || 'plain'}>${word(decision?.effect, 'EFFECT_').replaceAll('_', ' ')}<//>
    ${' '}by <code><${Said} text=${decision?.rule} /></code>`;
}

function Steps({ answer }) {
  return html`<div role="status"><p><${DecisionText} decision=${answer.decision} />: <${Said} text=${answer.decision.explanation} /></p>
    <ol class="steps">${answer.steps.map((step, at) => html`<li key=${at} class=${step.applied ? 'applied' : ''}>
      <code><${Said} text=${step.rule} /></code> ${step.applied ? html`<strong>decided</strong>` : 'did not decide'}: <${Said} text=${step.explanation} /></li>`)}</ol></div>`;
}

/** The form and its answer. */
export function ExplainForm() {
  const [kind, setKind] = useState('system_command');
  const [form, setForm] = useState({ language: 'python' });
  const [agent, setAgent] = useState('');
  const [answer, setAnswer] = useState(null);
  const action = useAction(async () => {
    setAnswer(await call('PolicyService', 'ExplainAction', { action: actionOf(kind, form), agent: agent.trim() }));
    return true;
  });
  const submit = (event) => {
    event.preventDefault();
    setAnswer(null);
    action.run();
  };
  const put = (name) => (event) => setForm((old) => ({ ...old, [name]: event.target.value }));
  return html`<section class="panel" aria-label="What would happen?"><h2>What would happen?</h2>
    <form onSubmit=${submit}>
      <div class="row"><${Choice} label="Action" value=${kind} options=${KINDS} onChange=${setKind} />
        <${Labelled} label="Agent" hint="Empty: none in particular"><input type="text" name="agent" value=${agent} onInput=${(event) => setAgent(event.target.value)} /><//></div>
      ${FORMS[kind].map(([name, label, long]) => html`<${Labelled} key=${name} label=${label}>${long
        ? html`<textarea name=${name} rows="4" spellcheck=${false} value=${form[name] || ''} onInput=${put(name)}></textarea>`
        : html`<input type="text" name=${name} spellcheck=${false} value=${form[name] || ''} onInput=${put(name)} />`}<//>`)}
      <button type="submit" class="main" disabled=${action.busy}>${action.busy ? 'Asking…' : 'Explain'}</button>
    </form>
    ${action.error && html`<${Failure} error=${action.error} />`}
    ${answer !== null && html`<${Steps} answer=${answer} />`}
  </section>`;
}
