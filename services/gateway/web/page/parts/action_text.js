// The text of an action: inside its own frame, coloured, wrapped, numbered, and
// cut where it is long until it is opened in full.

import { Component, html } from '../vendor/preact-htm.js';
import { piecesOf } from '../base/escapes.js';
import { linesOf, tokensOf } from '../base/tokenizer.js';
import { counted } from '../base/words.js';
import { Mark } from './basics.js';

/** More than this of a view is cut until somebody opens it. */
export const SHOWN_BYTES = 200 * 1024;

// Lines that are drawn together, or not at all while they are far away.
const CHUNK_LINES = 200;
// More lines than this have no numbers and no colours of their own.
const MAX_RICH_LINES = 20000;
const MAX_RICH_CHARACTERS = SHOWN_BYTES;
const PLAIN_CHUNK_CHARACTERS = 32768;
// Beyond this many, unseen characters stand escaped but unmarked.
const MAX_MARKED_CHARACTERS = 1 << 20;

function Pieces({ text }) {
  return piecesOf(text).map(({ text: part, mark }) => (mark ? html`<${Mark} text=${part} />` : part));
}

function Line({ tokens }) {
  return html`<span class="line">${tokens.map(({ kind, text }) => (kind === ''
    ? html`<${Pieces} text=${text} />`
    : html`<span class=${`token-${kind}`}><${Pieces} text=${text} /></span>`))}${'\n'}</span>`;
}

function richChunks(text, language) {
  const lines = linesOf(tokensOf(text, language));
  const chunks = [];
  for (let from = 0; from < lines.length; from += CHUNK_LINES) {
    const some = lines.slice(from, from + CHUNK_LINES);
    chunks.push(html`<span class="chunk numbered" key=${from}>${some.map((tokens) => html`<${Line} tokens=${tokens} />`)}</span>`);
  }
  return chunks;
}

function plainChunks(text) {
  const chunks = [];
  for (let from = 0; from < text.length;) {
    let to = Math.min(text.length, from + PLAIN_CHUNK_CHARACTERS);
    const lineEnd = text.lastIndexOf('\n', to - 1) + 1;
    if (to < text.length && lineEnd > from) to = lineEnd;
    const part = text.slice(from, to);
    chunks.push(html`<span class="chunk" key=${from}>${from < MAX_MARKED_CHARACTERS ? html`<${Pieces} text=${part} />` : part}</span>`);
    from = to;
  }
  return chunks;
}

function lineCount(text) {
  let count = 1;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) ++count;
  return count;
}

/**
 * A block of text. Drawn once for the same text: the clock of the page does
 * not draw a long one again.
 *
 * Props: name, text, language.
 */
export class Block extends Component {
  shouldComponentUpdate(next) {
    return next.text !== this.props.text || next.language !== this.props.language;
  }

  render({ name, text, language = '' }) {
    const lines = lineCount(text);
    const rich = lines <= MAX_RICH_LINES && text.length <= MAX_RICH_CHARACTERS;
    return html`<pre class="block" dir="ltr" role="group" aria-label=${`${name}, ${counted(lines, 'line')}`}>
      <code>${rich ? richChunks(text, language) : plainChunks(text)}</code></pre>`;
  }
}

const encoder = new TextEncoder();

/**
 * Bytes of a text in UTF-8.
 * @param {string} text
 */
export function bytesOf(text) {
  return encoder.encode(text).length;
}

/**
 * The beginning of a text, cut between characters.
 * @param {string} text
 * @param {number} bytes At most.
 */
export function beginningOf(text, bytes) {
  const buffer = new Uint8Array(bytes);
  const { read } = encoder.encodeInto(text, buffer);
  return text.slice(0, read);
}
