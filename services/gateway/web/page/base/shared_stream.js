// One stream for all tabs of a browser. Over HTTP/1.1 a browser opens no more
// than six connections to one place: with a stream in each tab a few of them
// would leave none for calls.
//
// The tab that holds the lock has the stream and tells the others. When it is
// closed the next one gets the lock. Where the browser has no locks, as on a
// page without TLS that is not on this machine, each tab has its own.

import { follow } from './events.js';

/**
 * Follows a stream together with other tabs that use the same name.
 *
 * @param {string} name Differs for whom the stream is.
 * @param {() => string} address As of follow().
 * @param {object} listener As of follow(), but errors come without their class.
 * @param {() => object[] | null} snapshot Messages that tell a tab that comes
 *     later where things stand; null: not known yet.
 * @returns {() => void} Ends it for this tab.
 */
export function followShared(name, address, listener, snapshot) {
  if (!navigator.locks || !window.BroadcastChannel) return follow(address, listener);
  const channel = new BroadcastChannel(name);
  const abort = new AbortController();
  let leading = false;

  channel.addEventListener('message', ({ data: [kind, message] }) => {
    if (leading && kind === 'hello') greet();
    else if (!leading && kind !== 'hello') listener[kind]?.(message);
  });
  function greet() {
    const messages = snapshot();
    if (messages === null) return;
    channel.postMessage(['onOpen']);
    for (const message of messages) channel.postMessage(['onMessage', message]);
  }
  const tell = (kind) => (message) => {
    const plain = message instanceof Error ? { code: message.code, message: message.message } : message;
    channel.postMessage([kind, plain]);
    listener[kind]?.(plain);
  };
  // Holds the lock until this tab ends it.
  const lead = () => new Promise((resolve) => {
    leading = true;
    const stop = follow(address, Object.fromEntries(['onOpen', 'onMessage', 'onLost', 'onEnd'].map((kind) => [kind, tell(kind)])));
    abort.signal.addEventListener('abort', () => {
      stop();
      resolve();
    });
  });
  navigator.locks.request(name, { signal: abort.signal }, lead).catch(() => {
    // It ended before it was its turn.
  });
  channel.postMessage(['hello']);
  return () => {
    abort.abort();
    channel.close();
  };
}
