// Signs in with a token. It is drawn in place of the page one wanted, whose
// address stays: after signing in one is there.

import { html, useEffect, useRef, useState } from '../vendor/preact-htm.js';
import { signIn } from '../base/api.js';
import { durationText } from '../base/time.js';
import { useAction } from '../parts/hooks.js';

function reasonOf(error) {
  if (error.status === 401) return 'Nobody has this token.';
  if (error.status === 429) {
    const wait = error.retryAfterMs > 0 ? ` Try again in ${durationText(error.retryAfterMs)}.` : '';
    return `Tried too often.${wait}`;
  }
  return error.message;
}

/**
 * The form.
 * @param {{expired: boolean, onSignedIn: (session: object) => void}} props
 *     `expired`: one was signed in before.
 */
export function SignInPage({ expired, onSignedIn }) {
  const [token, setToken] = useState('');
  const field = useRef(null);
  useEffect(() => field.current.focus(), []);
  const action = useAction(async () => {
    onSignedIn(await signIn(token.trim()));
    return true;
  });
  const submit = (event) => {
    event.preventDefault();
    action.run();
  };
  return html`<main class="alone" id="main">
    <h1>Airlock</h1>
    ${expired && html`<p class="note" role="status">Your session has ended. Sign in to go on where you were.</p>`}
    <form onSubmit=${submit}>
      <label class="labelled"><span>Token</span>
        <input ref=${field} name="token" type="password" autocomplete="current-password" required spellcheck=${false}
          value=${token} onInput=${(event) => setToken(event.target.value)} /></label>
      ${action.error && html`<p class="failure" role="alert">${reasonOf(action.error)}</p>`}
      <button type="submit" class="main" disabled=${action.busy}>${action.busy ? 'Signing in…' : 'Sign in'}</button>
    </form>
    <p class="quiet">An operator makes tokens with <code>airlock tokens create</code>.</p>
  </main>`;
}
