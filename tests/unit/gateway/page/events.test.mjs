// Answers that come as events, however the network cuts them.

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { askForEvents, readEvent } from '../../../../services/gateway/web/page/base/event_request.js';

const realFetch = globalThis.fetch;
afterEach(() => { globalThis.fetch = realFetch; });

/** Answers every request with these pieces of bytes. */
function answerWith(pieces, asked = []) {
  globalThis.fetch = (path, options) => {
    asked.push({ path, ...options });
    const body = new ReadableStream({
      start(controller) {
        for (const piece of pieces) controller.enqueue(piece);
        controller.close();
      },
    });
    return Promise.resolve(new Response(body, { status: 200 }));
  };
}

/** All that a listener hears until the end. */
function heard() {
  const all = [];
  let stop;
  const ended = new Promise((resolve) => {
    stop = askForEvents('/api/events/X/Y', { a: 1 }, {
      onMessage: (message) => all.push(message),
      onEnd: (end) => resolve({ end }),
      onLost: (error) => resolve({ lost: error }),
    });
  });
  return { all, ended, stop };
}

const bytes = (text) => new TextEncoder().encode(text);

describe('an event', () => {
  it('has a type and data; comments have none', () => {
    assert.deepEqual(readEvent('event: end\ndata: {}'), { type: 'end', data: '{}' });
    assert.deepEqual(readEvent('id: 1-0\ndata: {"a":1}'), { type: 'message', data: '{"a":1}' });
    assert.equal(readEvent(': still here').data, '');
  });
});

describe('a request for events', () => {
  it('hears each one, and the end, whatever the pieces are', async () => {
    const whole = bytes(': still here\n\nid: 1\ndata: {"text":"\u00e4"}\n\ndata: {"n":2}\n\nevent: end\ndata: {}\n\n');
    for (let at = 1; at < whole.length; at += 7) {
      answerWith([whole.slice(0, at), whole.slice(at)]);
      const listening = heard();

      assert.deepEqual(await listening.ended, { end: {} });
      assert.deepEqual(listening.all, [{ text: '\u00e4' }, { n: 2 }]);
    }
  });

  it('says that it broke off', async () => {
    answerWith([bytes('data: {"n":1}\n\nevent: en')]);

    const { lost } = await heard().ended;

    assert.equal(lost.code, 'UNAVAILABLE');
  });

  it('sends its body as the page does', async () => {
    const asked = [];
    answerWith([bytes('event: end\ndata: {}\n\n')], asked);

    await heard().ended;

    assert.equal(asked[0].method, 'POST');
    assert.equal(asked[0].headers['X-Airlock-Page'], '1');
    assert.equal(asked[0].body, '{"a":1}');
  });
});
