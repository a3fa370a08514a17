// A request whose answer is a stream of events, for what is too long for an
// address or must not be asked twice.

import { ApiError, guarded } from './api.js';

/**
 * One event of the text between two empty lines.
 * @param {string} text
 * @returns {{type: string, data: string}} `data` is empty for a comment.
 */
export function readEvent(text) {
  const event = { type: 'message', data: '' };
  for (const line of text.split('\n')) {
    if (line.startsWith('event: ')) event.type = line.slice(7);
    if (line.startsWith('data: ')) event.data += line.slice(6);
  }
  return event;
}

async function readAll(reader, listener) {
  let text = '';
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    const parts = (text + piece.value).split('\n\n');
    text = parts.pop();
    for (const { type, data } of parts.map(readEvent)) {
      if (data === '') continue;
      if (type === 'end') return listener.onEnd(JSON.parse(data));
      listener.onMessage(JSON.parse(data));
    }
  }
  throw new ApiError(0, { code: 'UNAVAILABLE', message: 'the answer broke off' });
}

/**
 * Asks once; nothing is asked again.
 * @param {string} path
 * @param {object} body The request as proto3 JSON.
 * @param {{onMessage: (message: object) => void, onEnd: (message: object) => void,
 *          onLost: (error: ApiError) => void}} listener As for follow().
 * @returns {() => void} Stops; then nothing is told any more.
 */
export function askForEvents(path, body, listener) {
  let stopped = false;
  let reader = null;
  const stop = () => {
    stopped = true;
    reader?.cancel();
  };
  guarded(path, { method: 'POST', body, read: (response) => response })
    .then((response) => {
      reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      if (stopped) reader.cancel();
      return readAll(reader, listener);
    })
    .catch((error) => {
      if (!stopped) listener.onLost(error);
    });
  return stop;
}
