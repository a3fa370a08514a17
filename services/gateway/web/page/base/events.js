// Streams of server-sent events that come back: after a broken connection the
// browser reconnects by itself, after a refusal this does, ever more slowly.

import { ApiError, checkSession } from './api.js';

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 15000;

/**
 * Follows a stream until it ends or the returned function is called.
 *
 * @param {() => string} address Where to connect, asked for each connection.
 * @param {{onOpen?: () => void, onMessage: (message: object) => void,
 *          onEnd?: (message: object) => void, onLost?: (error: ApiError) => void}} listener
 *     `onOpen` is told of each connection, `onLost` of each one that broke and
 *     will be made again. `onEnd` gets an error body, or an object without
 *     `code`.
 * @returns {() => void}
 */
export function follow(address, listener) {
  let source = null;
  let timer = 0;
  let retryMs = FIRST_RETRY_MS;
  let closed = false;

  const close = () => {
    closed = true;
    clearTimeout(timer);
    if (source !== null) source.close();
  };
  const lost = () => {
    listener.onLost?.(new ApiError(0, { code: 'UNAVAILABLE', message: 'the connection was lost; connecting again' }));
    if (source.readyState !== EventSource.CLOSED) return;
    // The gateway refused: it may want a new session.
    checkSession();
    timer = setTimeout(connect, retryMs);
    retryMs = Math.min(2 * retryMs, LONGEST_RETRY_MS);
  };
  function connect() {
    if (closed) return;
    source = new EventSource(address());
    source.addEventListener('open', () => {
      retryMs = FIRST_RETRY_MS;
      listener.onOpen?.();
    });
    source.addEventListener('message', (event) => listener.onMessage(JSON.parse(event.data)));
    source.addEventListener('end', (event) => {
      close();
      listener.onEnd?.(JSON.parse(event.data));
    });
    source.addEventListener('error', lost);
  }
  connect();
  return close;
}

/**
 * The address of the stream of a method.
 * @param {string} service
 * @param {string} method
 * @param {object} message The request as proto3 JSON.
 */
export function streamAddress(service, method, message) {
  return `/api/events/${service}/${method}?request=${encodeURIComponent(JSON.stringify(message))}`;
}
