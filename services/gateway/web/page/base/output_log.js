// The output of an execution as it comes, bounded.

import { AnsiReader } from './ansi.js';

const MAX_CHARACTERS = 2 << 20;

class Stream {
  constructor() {
    this.decoder = new TextDecoder();
    this.reader = new AnsiReader();
    this.offset = 0;
  }
}

function bytesOfBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** Output of both streams in the order in which it came. */
export class OutputLog {
  constructor() {
    this.streams = { OUTPUT_STREAM_STDOUT: new Stream(), OUTPUT_STREAM_STDERR: new Stream() };
    // {id, stream, pieces} in order; each is never changed.
    this.parts = [];
    this.characters = 0;
    this.dropped = 0;
    this.nextId = 0;
  }

  /** The first byte of each stream that has not come yet. */
  offsets() {
    return {
      stdoutOffset: String(this.streams.OUTPUT_STREAM_STDOUT.offset),
      stderrOffset: String(this.streams.OUTPUT_STREAM_STDERR.offset),
    };
  }

  /**
   * Takes an OutputChunk. What came before is not taken twice.
   * @param {{stream: string, offset: string, data: string, skippedBytes: string}} chunk
   */
  take(chunk) {
    const stream = this.streams[chunk.stream];
    if (stream === undefined) return;
    const offset = Number(chunk.offset || 0);
    let bytes = bytesOfBase64(chunk.data || '');
    if (offset > stream.offset) {
      this.add(chunk.stream, [{ text: `[${offset - stream.offset} bytes are not kept]`, mark: true, style: '' }]);
      stream.offset = offset;
    }
    bytes = bytes.subarray(Math.min(bytes.length, stream.offset - offset));
    stream.offset += bytes.length;
    this.add(chunk.stream, stream.reader.read(stream.decoder.decode(bytes, { stream: true })));
  }

  /** What was held back because more could come. */
  finish() {
    for (const [name, stream] of Object.entries(this.streams)) {
      this.add(name, [...stream.reader.read(stream.decoder.decode()), ...stream.reader.rest()]);
    }
  }

  add(stream, pieces) {
    if (pieces.length === 0) return;
    const length = pieces.reduce((sum, piece) => sum + piece.text.length, 0);
    this.parts.push({ id: this.nextId++, stream, pieces, length });
    this.characters += length;
    while (this.characters > MAX_CHARACTERS && this.parts.length > 1) {
      const { length: gone } = this.parts.shift();
      this.characters -= gone;
      this.dropped += gone;
    }
  }
}
