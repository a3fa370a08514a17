// What the page's HTTP refuses: requests from elsewhere, frames, paths that
// lead out, bytes that come too slowly, guesses.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { callFrom, openAs, startBrowser } from './browser.mjs';
import { startStack, within } from './stack.mjs';

const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

// On a busy machine too; who waits for the slow ones waits far longer.
const MAX_ANSWER_MS = 5000;

let stack;
let browser;
// A page of somebody else.
let stranger;

before(async () => {
  stack = await startStack();
  browser = await startBrowser();
  stranger = createServer((_, response) => response.end('<!doctype html><title>elsewhere</title>'));
  await new Promise((resolve) => stranger.listen(0, '127.0.0.1', resolve));
});

after(async () => {
  await browser?.close();
  await stack?.stop();
  stranger?.close();
  stranger?.closeAllConnections();
});

const post = (path, body, headers = {}) => fetch(stack.address + path, {
  method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json', ...headers },
});
const signIn = (token) => post('/api/session', { token }, { 'X-Airlock-Page': '1' });

// Sends bytes as they are and gives all that comes back until the end.
function exchange(bytes) {
  const { hostname, port } = new URL(stack.address);
  return within(new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    socket.on('data', (data) => { answer += data; });
    socket.on('end', () => resolve(answer));
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  }), 'an answer');
}

const get = (path) => exchange(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);

describe('every answer', () => {
  for (const path of ['/', '/approvals', '/page/main.js', '/page/nothing', '/api/session', '/nothing']) {
    it(`of ${path} forbids frames, foreign code and guessed types`, async () => {
      const { headers } = await fetch(stack.address + path);

      assert.equal(headers.get('content-security-policy'), CSP);
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.equal(headers.get('referrer-policy'), 'no-referrer');
    });
  }

  it('of the API is kept nowhere', async () => {
    const { headers } = await fetch(`${stack.address}/api/session`);

    assert.match(headers.get('cache-control'), /no-store/);
  });

  it('of a file can be asked for again by its tag', async () => {
    const first = await fetch(`${stack.address}/page/main.js`);
    const tag = first.headers.get('etag');
    assert.equal(first.headers.get('content-type'), 'text/javascript; charset=utf-8');

    const second = await fetch(`${stack.address}/page/main.js`, { headers: { 'If-None-Match': tag } });

    assert.deepEqual([second.status, await second.text()], [304, '']);
  });
});

describe('a session', () => {
  it('is a cookie that no script reads and no other site sends', async () => {
    const response = await signIn(stack.tokens.alice);

    assert.equal(response.status, 200);
    const cookie = response.headers.get('set-cookie');
    assert.match(cookie, /; *HttpOnly/i);
    assert.match(cookie, /; *SameSite=Strict/i);
    assert.match(cookie, /; *Path=\//i);
    assert.ok(!cookie.includes(stack.tokens.alice));
  });

  it('is needed for calls and streams', async () => {
    const call = await post('/api/call/ApprovalService/ListApprovals', {}, { 'X-Airlock-Page': '1' });
    const stream = await fetch(`${stack.address}/api/events/ApprovalService/WatchApprovals?request=%7B%7D`);

    assert.deepEqual([call.status, stream.status], [401, 401]);
  });

  it('that was changed is none', async () => {
    const cookie = (await signIn(stack.tokens.alice)).headers.get('set-cookie').split(';')[0];
    const changed = cookie.slice(0, -3) + (cookie.endsWith('AAA') ? 'BBB' : 'AAA');

    const response = await fetch(`${stack.address}/api/session`, { headers: { Cookie: changed } });

    assert.equal(response.status, 401);
  });
});

describe('another site', () => {
  async function elsewhere() {
    const page = await openAs(browser, stack, 'alice');
    const { id } = await stack.ask({ kind: 'system_command', argv: ['make', `${Date.now()}`] });
    const { body } = await callFrom(page, 'ApprovalService/GetApproval', { id });
    const other = await page.context().newPage();
    await other.goto(`http://127.0.0.1:${stranger.address().port}/`);
    return { page, other, approval: body.approval };
  }
  const stateOf = async (page, id) => (await callFrom(page, 'ApprovalService/GetApproval', { id })).body.approval.state;

  it('cannot answer for who is signed in', async () => {
    const { page, other, approval } = await elsewhere();
    const message = JSON.stringify({ id: approval.id, answer: 'ANSWER_APPROVE', digest: approval.digest });

    const tries = await other.evaluate(async ([address, body]) => {
      const send = (headers, mode) => fetch(address, { method: 'POST', body, headers, mode, credentials: 'include' })
        .then((response) => response.type, () => 'refused');
      return [await send({ 'X-Airlock-Page': '1' }, 'cors'), await send({}, 'cors'), await send({}, 'no-cors')];
    }, [`${stack.address}/api/call/ApprovalService/DecideApproval`, message]);

    // Nothing of an answer can be read, whether or not the browser says why.
    assert.ok(tries.every((outcome) => outcome === 'refused' || outcome === 'opaque'), tries.join());
    assert.equal(await stateOf(page, approval.id), 'STATE_PENDING');
    await page.context().close();
  });

  it('cannot do it with the header forgotten either', async () => {
    const cookie = (await signIn(stack.tokens.alice)).headers.get('set-cookie').split(';')[0];

    const without = await post('/api/call/ApprovalService/ListApprovals', {}, { Cookie: cookie });
    const withIt = await post('/api/call/ApprovalService/ListApprovals', {}, { Cookie: cookie, 'X-Airlock-Page': '1' });

    assert.deepEqual([without.status, withIt.status], [403, 200]);
  });

  it('cannot put the page into a frame', async () => {
    const { page, other, approval } = await elsewhere();

    await other.evaluate((address) => new Promise((resolve) => {
      const frame = document.createElement('iframe');
      frame.addEventListener('load', resolve);
      frame.src = address;
      document.body.append(frame);
    }), `${stack.address}/a/${approval.id}`);

    const [, frame] = other.frames();
    assert.ok(!frame.url().startsWith(stack.address), frame.url());
    assert.equal(await frame.locator('#page').count(), 0);
    await page.context().close();
  });
});

describe('a path', () => {
  const outside = [
    '/page/../../../../etc/passwd', '/page/..%2f..%2f..%2fetc/passwd', '/page/%2e%2e/%2e%2e/etc/passwd',
    '/page//etc/passwd', '/page/..\\..\\etc\\passwd', '/page/css/../../gateway_config.cc', '/page/%00main.js',
    '/page/main.js%00.html', '/page/css', '/page/', '/../etc/passwd', 'http://x/page/../etc/passwd',
  ];
  for (const path of outside) {
    it(`such as ${path} leads nowhere`, async () => {
      const answer = await get(path);

      assert.match(answer, /^HTTP\/1\.1 (400|404) /);
      assert.doesNotMatch(answer, /root:|namespace/);
    });
  }
});

describe('a call', () => {
  let headers;
  before(async () => {
    const cookie = (await signIn(stack.tokens.alice)).headers.get('set-cookie').split(';')[0];
    headers = { Cookie: cookie, 'X-Airlock-Page': '1' };
  });
  const refusals = {
    'of a field that does not exist': ['ApprovalService/GetApproval', { id: 'a', nothing: 1 }, 400],
    'of a method that does not exist': ['ApprovalService/Nothing', {}, 404],
    'of a service that is not public': ['GatewayService/Forward', {}, 404],
    'of what its role may not do': ['ExecutorService/ListExecutors', {}, 403],
    'of what is not there': ['ApprovalService/GetApproval', { id: 'nothing' }, 404],
  };
  for (const [name, [method, message, status]] of Object.entries(refusals)) {
    it(`${name} is refused with ${status}`, async () => {
      const response = await post(`/api/call/${method}`, message, headers);

      assert.equal(response.status, status);
      const body = await response.json();
      assert.ok(body.code && body.message, JSON.stringify(body));
    });
  }

  it('of more than 16 MiB is refused', async () => {
    const status = await post('/api/call/ApprovalService/GetApproval', { id: 'x'.repeat(17 << 20) }, headers)
      .then((response) => response.status, () => 'cut off');

    assert.ok([400, 413, 'cut off'].includes(status), `${status}`);
  });
});

describe('who sends too slowly', () => {
  it('is let go, and hinders nobody', async () => {
    const { hostname, port } = new URL(stack.address);
    const sockets = Array.from({ length: 200 }, () => {
      const socket = connect(Number(port), hostname, () => socket.write('GET / HTTP/1.1\r\nHost: x\r\nX-A: '));
      socket.on('error', () => {});
      socket.ended = new Promise((resolve) => socket.on('close', resolve));
      // Otherwise nobody reads the end.
      socket.resume();
      return socket;
    });
    const drip = setInterval(() => sockets.forEach((socket) => socket.writable && socket.write('a')), 1000);
    try {
      for (let round = 0; round < 10; ++round) {
        const begin = Date.now();
        assert.equal((await fetch(stack.address)).status, 200);
        assert.ok(Date.now() - begin < MAX_ANSWER_MS, `${Date.now() - begin} ms`);
      }
      await within(Promise.all(sockets.map((socket) => socket.ended)), 'slow connections are closed');
    } finally {
      clearInterval(drip);
      for (const socket of sockets) socket.destroy();
    }
  });
});

describe('who guesses tokens', () => {
  // Last, because it may shut out this machine for a while.
  it('is soon told to wait', async () => {
    const statuses = [];
    for (let tries = 0; tries < 100 && statuses.at(-1) !== 429; ++tries) {
      statuses.push((await signIn(`guess-${tries}`)).status);
    }

    assert.equal(statuses.at(-1), 429);
    assert.ok(statuses.slice(0, -1).every((status) => status === 401));
  });
});
