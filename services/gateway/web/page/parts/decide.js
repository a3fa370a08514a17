// Approve and reject: the buttons, the confirmation and what became of it.

import { html, useEffect, useRef, useState } from '../vendor/preact-htm.js';
import { call } from '../base/api.js';
import { bytesOf } from './action_text.js';
import { Code, Failure, Said } from './basics.js';
import { Dialog } from './dialog.js';
import { useAction, useFeed } from './hooks.js';
import { counted } from '../base/words.js';

const MAX_COMMENT_BYTES = 2000;

async function answerOne(approval, approve, comment) {
  const { approval: after } = await call('ApprovalService', 'DecideApproval', {
    id: approval.id,
    answer: approve ? 'ANSWER_APPROVE' : 'ANSWER_REJECT',
    comment,
    digest: approval.digest,
  });
  return after;
}

// Answers `others` too. One that somebody else ended meanwhile is no failure of
// the rest; any other error ends it and is told with what was done.
async function answerAll(feed, approval, others, approve, comment) {
  const first = await answerOne(approval, approve, comment);
  feed.learn({ ...approval, ...first });
  let missed = 0;
  for (const other of others) {
    try {
      feed.learn(await answerOne(other, approve, comment));
    } catch (error) {
      if (error.reason !== 'APPROVAL_ENDED') return { approval: first, missed, error };
      ++missed;
    }
  }
  return { approval: first, missed, error: null };
}

function CommentField({ approve, value, onInput }) {
  const field = useRef(null);
  useEffect(() => {
    if (!approve) field.current.focus();
  }, []);
  const submitOnEnter = (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    field.current.form.requestSubmit();
  };
  return html`<label class="labelled"><span>${approve ? 'Comment' : 'Reason, for the agent'} (optional)</span>
    <textarea ref=${field} name="comment" rows="3" value=${value} onKeyDown=${submitOnEnter}
      onInput=${(event) => onInput(event.target.value)}></textarea>
    <small>Enter sends, Shift+Enter makes a new line.</small></label>`;
}

/**
 * Asks once more, then answers.
 * @param {{approval: object, approve: boolean, onClose: () => void,
 *          onAnswered: (result: {approval: object, missed: number, error: Error | null}) => void,
 *          onEnded: () => void}} props `onEnded`: somebody else was first.
 */
export function DecideDialog({ approval, approve, onClose, onAnswered, onEnded }) {
  const feed = useFeed();
  const [comment, setComment] = useState('');
  const same = feed.sameAs(approval);
  const [all, setAll] = useState(false);
  const confirmButton = useRef(null);
  useEffect(() => {
    if (approve) confirmButton.current.focus();
  }, []);
  const action = useAction(async () => {
    try {
      onAnswered(await answerAll(feed, approval, all ? same : [], approve, comment));
    } catch (error) {
      if (error.reason === 'APPROVAL_ENDED' || error.reason === 'DIGEST_MISMATCH') onEnded(error);
      throw error;
    }
  });
  const submit = (event) => {
    event.preventDefault();
    if (bytesOf(comment) <= MAX_COMMENT_BYTES) action.run();
  };
  const verb = approve ? 'Approve' : 'Reject';
  return html`<${Dialog} title=${approve ? 'Approve this action?' : 'Reject this action?'} tone=${approve ? 'good' : 'bad'}
      onClose=${onClose}>
    <form class="decide" onSubmit=${submit}>
      <p class="summary action-frame"><${Said} text=${approval.summary} /></p>
      <p class="quiet">Agent <strong><${Said} text=${approval.agent} /></strong>, digest <${Code}>${approval.digest.slice(0, 16)}…<//></p>
      <${CommentField} approve=${approve} value=${comment} onInput=${setComment} />
      ${bytesOf(comment) > MAX_COMMENT_BYTES && html`<p class="failure" role="alert">The comment is longer than 2000 bytes.</p>`}
      ${same.length > 0 && html`<label class="check"><input type="checkbox" name="all" checked=${all}
        onChange=${(event) => setAll(event.target.checked)} />
        also ${approve ? 'approve' : 'reject'} ${counted(same.length, 'other question')} of this agent for the very same action</label>`}
      ${action.error && html`<${Failure} error=${action.error} />`}
      <div class="buttons">
        <button type="button" onClick=${onClose}>Cancel</button>
        <button type="submit" ref=${confirmButton} class=${approve ? 'approve' : 'reject'} disabled=${action.busy}>
          ${action.busy ? 'Sending…' : `${verb}${all ? ` all ${same.length + 1}` : ''}`}</button>
      </div>
    </form>
  <//>`;
}

/**
 * The buttons at the end of a question; on a phone they stay in sight.
 * @param {{blocked: string, onDecide: (approve: boolean) => void}} props
 *     `blocked` says why nobody can approve this now; empty: one can.
 */
export function DecideBar({ blocked, onDecide }) {
  return html`<div class="decide-bar" role="group" aria-label="Your answer">
    ${blocked !== '' && html`<p id="why-not" class="quiet">${blocked}</p>`}
    <button type="button" class="reject" onClick=${() => onDecide(false)}>Reject <kbd aria-hidden="true">r</kbd></button>
    <button type="button" class="approve" disabled=${blocked !== ''} aria-describedby=${blocked !== '' ? 'why-not' : undefined}
      onClick=${() => onDecide(true)}>Approve <kbd aria-hidden="true">a</kbd></button>
  </div>`;
}
