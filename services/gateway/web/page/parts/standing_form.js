// Gives a standing approval, starting from a question: what it shall cover, for
// how long and how often.

import { html, useState } from '../vendor/preact-htm.js';
import { call } from '../base/api.js';
import { durationMillis, durationText } from '../base/time.js';
import { counted } from '../base/words.js';
import { Failure, Labelled, Loaded, Said } from './basics.js';
import { useAction, useCall } from './hooks.js';

const DEFAULT_MINUTES = 60;
const DEFAULT_USES = 10;

function Suggestion({ suggestion, chosen, index, onChoose }) {
  return html`<label class="check"><input type="radio" name="scope" checked=${chosen} onChange=${() => onChoose(index)} />
    <span><span class="action-frame"><${Said} text=${suggestion.summary} /></span>
      <small>would have covered ${counted(suggestion.coveredQuestions, 'question')} of the last ones</small></span></label>`;
}

function Given({ standing }) {
  return html`<p class="note" role="status">Permitted: <${Said} text=${standing.summary} />.
    The question itself still waits for its answer. <a href="/standing">Standing approvals</a></p>`;
}

function Form({ approval, offer, onGiven }) {
  const maxMinutes = Math.floor(durationMillis(offer.maxLifetime) / 60000);
  const [chosen, setChosen] = useState(0);
  const [minutes, setMinutes] = useState(Math.min(DEFAULT_MINUTES, maxMinutes));
  const [uses, setUses] = useState(Math.min(DEFAULT_USES, offer.maxUses));
  const [comment, setComment] = useState('');
  const give = useAction(async () => {
    const { standingApproval } = await call('StandingApprovalService', 'CreateStandingApproval', {
      approvalId: approval.id,
      digest: approval.digest,
      scope: offer.suggestions[chosen].scope,
      lifetime: `${minutes * 60}s`,
      maxUses: uses,
      comment,
    });
    onGiven(standingApproval);
  });
  const submit = (event) => {
    event.preventDefault();
    give.run();
  };
  return html`<form onSubmit=${submit}>
    <fieldset><legend>What it covers, the narrowest first</legend>
      ${offer.suggestions.map((suggestion, index) => html`<${Suggestion} key=${index} suggestion=${suggestion} index=${index}
        chosen=${index === chosen} onChoose=${setChosen} />`)}</fieldset>
    <div class="row">
      <${Labelled} label="Minutes" hint=${`at most ${durationText(durationMillis(offer.maxLifetime))}`}>
        <input type="number" name="minutes" required min="1" max=${maxMinutes} value=${minutes}
          onInput=${(event) => setMinutes(Number(event.target.value))} /><//>
      <${Labelled} label="Starts" hint=${`at most ${offer.maxUses}`}>
        <input type="number" name="uses" required min="1" max=${offer.maxUses} value=${uses}
          onInput=${(event) => setUses(Number(event.target.value))} /><//>
    </div>
    <${Labelled} label="Why (for the record)"><input type="text" name="why" maxlength="500" value=${comment}
      onInput=${(event) => setComment(event.target.value)} /><//>
    ${give.error && html`<${Failure} error=${give.error} />`}
    <button type="submit" disabled=${give.busy}>${give.busy ? 'Sending…' : 'Permit without asking'}</button>
  </form>`;
}

function Offer({ approval }) {
  const loaded = useCall('StandingApprovalService', 'SuggestStandingApprovals', { approvalId: approval.id });
  const [given, setGiven] = useState(null);
  if (given !== null) return html`<${Given} standing=${given} />`;
  return html`<${Loaded} loaded=${loaded} what="Looking for what it could cover">${(offer) => (offer.suggestions.length === 0
    ? html`<p>Nobody may permit this beyond this one question.</p>`
    : html`<${Form} approval=${approval} offer=${offer} onGiven=${setGiven} />`)}<//>`;
}

/**
 * The form, folded away until somebody wants it.
 * @param {{approval: object}} props A pending one, with its digest.
 */
export function StandingForm({ approval }) {
  const [open, setOpen] = useState(false);
  return html`<details class="panel standing" onToggle=${(event) => setOpen(event.target.open)}>
    <summary>Stop asking for this, for a while</summary>
    ${open && html`<${Offer} approval=${approval} />`}
  </details>`;
}
