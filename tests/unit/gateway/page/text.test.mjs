// Text of others: what is marked, coloured and cut, and that none is lost.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AnsiReader } from '../../../../services/gateway/web/page/base/ansi.js';
import { escapedText, piecesOf, rawPiecesOf } from '../../../../services/gateway/web/page/base/escapes.js';
import { OutputLog } from '../../../../services/gateway/web/page/base/output_log.js';
import { linesOf, tokensOf } from '../../../../services/gateway/web/page/base/tokenizer.js';

const marks = (text) => piecesOf(text).filter((piece) => piece.mark).map((piece) => piece.text);
const joined = (pieces) => pieces.map((piece) => piece.text).join('');

describe('escapes', () => {
  it('marks every form the service writes', () => {
    const text = 'a\\u{202E}b\\x{FF}c\\{40 blanks}d\\{12 line feeds, 5 blanks}e';

    assert.deepEqual(marks(text), ['\\u{202E}', '\\x{FF}', '\\{40 blanks}', '\\{12 line feeds, 5 blanks}']);
    assert.equal(joined(piecesOf(text)), text);
  });

  it('takes doubled backslashes for text', () => {
    assert.deepEqual(marks('\\\\u{202E}'), []);
    assert.deepEqual(marks('\\\\\\u{202E}'), ['\\u{202E}']);
    assert.deepEqual(marks('\\\\\\\\u{202E}'), []);
  });

  it('escapes what the service did not', () => {
    for (const code of [0, 7, 0x1b, 0x7f, 0x85, 0xa0, 0xad, 0x34f, 0x61c, 0x115f, 0x200b, 0x200e, 0x202e, 0x2028, 0x2066,
      0x2800, 0x3164, 0xe000, 0xfe0f, 0xfeff, 0xfff9, 0xe0061, 0xe0100]) {
      const hex = code.toString(16).toUpperCase().padStart(4, '0');
      assert.equal(escapedText(`a${String.fromCodePoint(code)}b`), `a\\u{${hex}}b`);
    }
  });

  it('leaves letters, line feeds and tabs alone', () => {
    const text = 'ä ж 漢字 😀 – “x”\n\tнет';

    assert.deepEqual(piecesOf(text), [{ text, mark: false }]);
  });

  it('gives backslashes no meaning in raw text', () => {
    assert.deepEqual(rawPiecesOf('\\u{202E}'), [{ text: '\\u{202E}', mark: false }]);
    assert.deepEqual(rawPiecesOf('\u202e'), [{ text: '\\u{202E}', mark: true }]);
  });
});

describe('tokens', () => {
  const kinds = (code, language) => tokensOf(code, language).filter(({ kind }) => kind !== '').map(({ kind, text }) => `${kind}:${text}`);

  it('are those of each language', () => {
    assert.deepEqual(kinds('def f(): return "x" # y', 'python'), ['keyword:def', 'keyword:return', 'string:"x"', 'comment:# y']);
    assert.deepEqual(kinds("echo '$x' $HOME | rm 2", 'bash'), ["string:'$x'", 'variable:$HOME', 'operator:|', 'call:rm', 'number:2']);
    assert.deepEqual(kinds('const a = `b${c}`; // d', 'node'), ['keyword:const', 'string:`b${c}`', 'comment:// d']);
    assert.deepEqual(kinds('@@ 1 @@\n a-b\n-c\n+d', 'diff'), ['comment:@@ 1 @@', 'gone:-c', 'new:+d']);
    assert.deepEqual(kinds('{"a": [1, true, "b"]}', 'json'), ['key:"a"', 'number:1', 'keyword:true', 'string:"b"']);
  });

  it('never change or lose a character', () => {
    const nasty = ['"""\n\\', "'", '"\\', '`${', '/*', '#', '$', '${', '\\u{202E}"#\'', 'é漢😀"', '0x', '1e', '\n\n', ''];
    for (const language of ['python', 'sh', 'js', 'json', 'diff', 'cobol', 'constructor', '__proto__', '']) {
      for (const code of [...nasty, nasty.join(' '), nasty.reverse().join('')]) {
        assert.equal(joined(tokensOf(code, language)), code, `${language}: ${code}`);
        assert.equal(linesOf(tokensOf(code, language)).map(joined).join('\n'), code);
      }
    }
  });

  it('take time in proportion to the text', () => {
    const long = [`"${'\\"'.repeat(50000)}`, '"""'.repeat(30000), "'".repeat(100000), '#'.repeat(100000), `${'a'.repeat(100000)}`, '$'.repeat(100000), ' '.repeat(100000), '/*'.repeat(50000)];
    const begin = performance.now();
    for (const language of ['python', 'sh', 'js', 'json', 'diff']) for (const code of long) tokensOf(code, language);
    assert.ok(performance.now() - begin < 5000, `${performance.now() - begin} ms`);
  });
});

describe('output', () => {
  const styles = (text) => new AnsiReader().read(text).map(({ text: part, style }) => [part, style]);

  it('has the colours that were asked for', () => {
    assert.deepEqual(styles('a\u001b[1;31mb\u001b[0mc\u001b[38;5;196md\u001b[38;2;0;0;255me\u001b[97mf'),
      [['a', ''], ['b', 'c1 bold'], ['c', ''], ['d', 'c1'], ['e', 'c4'], ['f', 'c15']]);
  });

  it('does not hide what asks to be hidden', () => {
    assert.deepEqual(styles('\u001b[8mx\u001b[30;40my\u001b[48;5;0mz'), [['x', ''], ['y', 'c0'], ['z', 'c0']]);
  });

  it('shows every other sequence as what it is', () => {
    const pieces = new AnsiReader().read('\u001b[2J\u001b]0;title\u0007\u001b[10;10Hx\ry');

    assert.equal(joined(pieces), '\\u{001B}[2J\\u{001B}]0;title\\u{0007}\\u{001B}[10;10Hx\\u{000D}y');
  });

  it('understands sequences that come in parts', () => {
    const reader = new AnsiReader();

    const pieces = [...reader.read('a\u001b['), ...reader.read('3'), ...reader.read('2mb\r'), ...reader.read('\nc\u001b'), ...reader.rest()];

    assert.deepEqual(pieces.map(({ text, style }) => [text, style]), [['a', ''], ['b', 'c2'], ['\nc', 'c2'], ['\\u{001B}', 'c2']]);
  });

  const chunk = (text, offset, stream = 'OUTPUT_STREAM_STDOUT') => ({ stream, offset: String(offset), data: Buffer.from(text).toString('base64'), skippedBytes: '0' });
  const textOf = (log) => log.parts.map((part) => joined(part.pieces)).join('');

  it('is taken once when a stream is resumed', () => {
    const log = new OutputLog();
    log.take(chunk('hello ', 0));
    log.take(chunk('hello world', 0));
    log.take(chunk('world', 6));

    assert.equal(textOf(log), 'hello world');
    assert.deepEqual(log.offsets(), { stdoutOffset: '11', stderrOffset: '0' });
  });

  it('says where bytes are missing', () => {
    const log = new OutputLog();
    log.take(chunk('end', 100));

    assert.equal(textOf(log), '[100 bytes are not kept]end');
  });

  it('joins characters that come in parts', () => {
    const log = new OutputLog();
    const bytes = Buffer.from('ä');
    log.take({ ...chunk('', 0), data: bytes.subarray(0, 1).toString('base64') });
    log.take({ ...chunk('', 1), data: bytes.subarray(1).toString('base64') });

    assert.equal(textOf(log), 'ä');
  });

  it('is bounded', () => {
    const log = new OutputLog();
    const text = 'x'.repeat(1 << 20);
    for (let number = 0; number < 8; ++number) log.take(chunk(text, number * text.length));

    assert.ok(log.characters <= 2 << 20);
    assert.equal(log.dropped, 6 << 20);
  });
});
