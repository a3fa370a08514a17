// Output of a process for people: the colours it asked for, and nothing else
// of what a terminal would do. Foreground colours come from the page's own
// readable set; a background or "conceal" could hide text and are not obeyed.

import { rawPiecesOf } from './escapes.js';

const SGR = /\u001b\[([0-9;:]{0,64})m/g;

const PLAIN = { color: '', bold: false, italic: false, underline: false };

function colorOf256(number) {
  if (number < 16) return `c${number}`;
  if (number >= 232) return number < 244 ? 'c8' : 'c7';
  const [red, green, blue] = [36, 6, 1].map((step) => Math.floor((number - 16) / step) % 6);
  return nearest(red * 51, green * 51, blue * 51);
}

function nearest(red, green, blue) {
  const bit = (level) => (level > 110 ? 1 : 0);
  const number = bit(red) + 2 * bit(green) + 4 * bit(blue);
  return `c${number}`;
}

// The style after one sequence.
function applied(style, parameters) {
  const codes = parameters === '' ? [0] : parameters.split(/[;:]/).map(Number);
  let next = { ...style };
  for (let i = 0; i < codes.length; ++i) {
    const code = codes[i];
    if (code === 0) next = { ...PLAIN };
    else if (code === 1) next.bold = true;
    else if (code === 3) next.italic = true;
    else if (code === 4) next.underline = true;
    else if (code === 22) next.bold = false;
    else if (code === 23) next.italic = false;
    else if (code === 24) next.underline = false;
    else if (code === 39) next.color = '';
    else if (code >= 30 && code <= 37) next.color = `c${code - 30}`;
    else if (code >= 90 && code <= 97) next.color = `c${code - 82}`;
    else if (code === 38 || code === 48) {
      const color = codes[i + 1] === 5 ? colorOf256(codes[i + 2]) : nearest(codes[i + 2], codes[i + 3], codes[i + 4]);
      if (code === 38) next.color = color;
      i += codes[i + 1] === 5 ? 2 : 4;
    }
  }
  return next;
}

function classOf(style) {
  return [style.color, style.bold && 'bold', style.italic && 'italic', style.underline && 'underline']
    .filter(Boolean).join(' ');
}

/** Makes pieces of one stream; keeps the style from one text to the next. */
export class AnsiReader {
  constructor() {
    this.style = PLAIN;
    this.held = '';
  }

  /**
   * @param {string} text What came next.
   * @returns {{text: string, mark: boolean, style: string}[]} `style` is a
   *     list of class names; what is marked stands for something unseen.
   */
  read(text) {
    let all = (this.held + text).replaceAll('\r\n', '\n');
    // A sequence may be cut in two by where a chunk ends, and so may "\r\n".
    const cut = /(?:\u001b(?:\[[0-9;:]{0,64})?|\r)$/.exec(all);
    this.held = cut === null ? '' : cut[0];
    if (cut !== null) all = all.slice(0, cut.index);
    const pieces = [];
    let end = 0;
    for (const match of all.matchAll(SGR)) {
      this.add(pieces, all.slice(end, match.index));
      this.style = applied(this.style, match[1]);
      end = match.index + match[0].length;
    }
    this.add(pieces, all.slice(end));
    return pieces;
  }

  /** What was held back at the end of the stream. */
  rest() {
    const pieces = [];
    this.add(pieces, this.held);
    this.held = '';
    return pieces;
  }

  add(pieces, text) {
    const style = classOf(this.style);
    for (const piece of rawPiecesOf(text)) pieces.push({ ...piece, style });
  }
}
