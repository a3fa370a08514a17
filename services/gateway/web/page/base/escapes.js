// Text of others, cut into what is plain and what stands for something that
// nobody would see: the forms the service writes (common/text_escape), and
// characters it did not write so, which this page then escapes itself.

// One form behind its backslashes. Backslashes that belong to the text are
// doubled there, so an even number of them makes no form.
const FORM = /(\\+)(u\{[0-9A-F]{1,6}\}|x\{[0-9A-F]{2}\}|\{[0-9]+ (?:blanks|line feeds)(?:, [0-9]+ blanks)?\})/;
// Controls but tab and line feed, formats, separators, odd spaces, fillers,
// variation selectors, tags, halves of pairs and private characters.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\u00a0\u034f\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u202f\u205f\u2800\u3000\u3164\ufe00-\ufe0f\uffa0\u{e0000}-\u{e0fff}]/u;
const EITHER = new RegExp(`${FORM.source}|(${UNSEEN.source})`, 'gu');
const UNSEEN_ONLY = new RegExp(`(?!)()()|(${UNSEEN.source})`, 'gu');

/**
 * Cuts a text that the service has escaped into pieces. Marked pieces that
 * touch are one.
 * @param {string} text
 * @returns {{text: string, mark: boolean}[]}
 */
export function piecesOf(text) {
  return piecesBy(text, EITHER);
}

/**
 * The same for a text that nobody has escaped: backslashes mean nothing in it.
 * @param {string} text
 * @returns {{text: string, mark: boolean}[]}
 */
export function rawPiecesOf(text) {
  return piecesBy(text, UNSEEN_ONLY);
}

function piecesBy(text, pattern) {
  const pieces = [];
  const add = (part, mark) => {
    if (part === '') return;
    const last = pieces[pieces.length - 1];
    if (last !== undefined && last.mark === mark) last.text += part;
    else pieces.push({ text: part, mark });
  };
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    const [whole, backslashes, form, unseen] = match;
    if (unseen === '\n' || unseen === '\t') continue;
    add(text.slice(end, match.index), false);
    if (unseen !== undefined) {
      add(escaped(unseen), true);
    } else if (backslashes.length % 2 === 1) {
      add(backslashes.slice(1), false);
      add(`\\${form}`, true);
    } else {
      add(whole, false);
    }
    end = match.index + whole.length;
  }
  add(text.slice(end), false);
  return pieces;
}

function escaped(character) {
  const hex = character.codePointAt(0).toString(16).toUpperCase();
  return `\\u{${hex.padStart(4, '0')}}`;
}

/**
 * The same as one string, for places that have no marks, such as the title of
 * a notification.
 * @param {string} text
 */
export function escapedText(text) {
  return piecesOf(text).map((piece) => piece.text).join('');
}
