// Who answered a question, and what became of it.

import { html } from '../vendor/preact-htm.js';
import { approvalTone, stateWord } from '../base/words.js';
import { Chip, Moment, Said } from './basics.js';
import { useNow } from './hooks.js';

const ANSWERS = { ANSWER_APPROVE: 'approved', ANSWER_REJECT: 'rejected' };

/**
 * The name of who gave an answer: the person's where one is configured.
 * @param {{approver: string, person?: string}} answer
 */
export function Who({ answer }) {
  return html`<strong><${Said} text=${answer.person || answer.approver} /></strong>${answer.person
    ? html` <span class="quiet">(<${Said} text=${answer.approver} />)</span>` : ''}`;
}

/** Answers so far. */
export function Answers({ approval }) {
  const at = useNow(10000);
  if (!approval.answers?.length) return null;
  return html`<ul class="answers">${approval.answers.map((answer) => html`
    <li key=${answer.approver}><${Who} answer=${answer} /> ${ANSWERS[answer.answer] || 'answered'} <${Moment} time=${answer.time} at=${at} />
      ${answer.comment && html`<blockquote class="action-frame"><${Said} text=${answer.comment} /></blockquote>`}</li>`)}</ul>`;
}

/**
 * That a question is answered, and by whom; for a page that is stale too.
 * @param {{approval: object, mine: string}} props `mine`: id of who looks.
 */
export function Ended({ approval, mine }) {
  const at = useNow(5000);
  const last = approval.answers?.[approval.answers.length - 1];
  const byMe = last !== undefined && last.approver === `web:${mine}`;
  return html`<section class=${`ended tone-${approvalTone(approval.state)}`} role="status" aria-label="Result">
    <p><${Chip} tone=${approvalTone(approval.state)}>${stateWord(approval.state)}<//>
      ${last === undefined
        ? html` Nobody's answer decided this.`
        : html` ${byMe ? 'You' : html`<${Who} answer=${last} />`} ${ANSWERS[last.answer]} this `}
      ${' '}<${Moment} time=${approval.endTime} at=${at} />${approval.stateReason ? html` <span class="quiet">(<${Said} text=${approval.stateReason} />)</span>` : ''}.</p>
  </section>`;
}
