// What differs between two texts.

import { html, useMemo } from '../vendor/preact-htm.js';
import { diffLines, foldSame } from '../base/diff.js';
import { counted } from '../base/words.js';
import { Said } from './basics.js';

const MAX_DRAWN = 2000;
const SIGNS = { same: ' ', gone: '-', new: '+' };
const SPOKEN = { gone: 'removed: ', new: 'added: ' };

function Line({ line, raw }) {
  if (line.change === 'fold') return html`<span class="fold">${counted(line.count, 'same line')}${'\n'}</span>`;
  return html`<span class=${line.change}><span aria-hidden="true">${SIGNS[line.change]} </span>${SPOKEN[line.change]
    && html`<span class="unseen">${SPOKEN[line.change]}</span>`}<${Said} text=${line.text} raw=${raw} />${'\n'}</span>`;
}

/**
 * The lines that differ, with some that are the same around them.
 * @param {{before: string, after: string, raw?: boolean}} props `raw`: nobody
 *     escaped them yet.
 */
export function Diff({ before, after, raw = false }) {
  const lines = useMemo(() => foldSame(diffLines(before, after)), [before, after]);
  const more = lines.length - MAX_DRAWN;
  return html`<pre class="diff action-frame" dir="ltr">${lines.slice(0, MAX_DRAWN).map((line, at) =>
    html`<${Line} key=${at} line=${line} raw=${raw} />`)}</pre>
    ${more > 0 && html`<p class="cut" role="note"><strong>Cut here:</strong> ${counted(more, 'more line')} of this comparison.</p>`}`;
}
