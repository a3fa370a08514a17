// Many who watch approvals at once over one signed-in session, by HTTP alone:
// a thousand tabs would be a test of the browser.

import { Agent, request } from 'node:http';
import { within } from './stack.mjs';

const AT_ONCE = 50;

/** Streams of approvals, and calls beside them. */
export class Watchers {
  /**
   * Signs in.
   * @param {string} address of the page
   * @param {string} token
   */
  static async signIn(address, token) {
    const watchers = new Watchers();
    watchers.address = address;
    watchers.agent = new Agent({ keepAlive: true, maxSockets: Infinity });
    watchers.open = [];
    watchers.streams = [];
    const response = await fetch(`${address}/api/session`, {
      method: 'POST', body: JSON.stringify({ token }),
      headers: { 'Content-Type': 'application/json', 'X-Airlock-Page': '1' },
    });
    if (!response.ok) throw new Error(`sign in: status ${response.status}`);
    watchers.cookie = response.headers.get('set-cookie').split(';')[0];
    return watchers;
  }

  // One stream; `ended` has the ids of approvals it told the end of.
  watchOne() {
    const stream = { ended: new Set(), live: null };
    stream.live = new Promise((resolve, reject) => {
      const sent = request(`${this.address}/api/events/ApprovalService/WatchApprovals?request=%7B%7D`,
        { agent: this.agent, headers: { Cookie: this.cookie } });
      this.open.push(sent);
      sent.on('error', reject);
      sent.on('response', (response) => {
        if (response.statusCode !== 200) reject(new Error(`status ${response.statusCode}`));
        let text = '';
        response.setEncoding('utf8');
        response.on('error', () => {});
        response.on('data', (data) => {
          text += data;
          const lines = text.split('\n');
          text = lines.pop();
          for (const line of lines.filter((one) => one.startsWith('data: '))) {
            const { approval } = JSON.parse(line.slice(6));
            if (!approval) resolve();
            else if (approval.state !== 'STATE_PENDING') stream.ended.add(approval.id);
          }
        });
      });
      sent.end();
    });
    return stream;
  }

  /** Opens streams until there are `count` that have told what is pending. */
  async watch(count) {
    while (this.streams.length < count) {
      const some = Array.from({ length: Math.min(AT_ONCE, count - this.streams.length) }, () => this.watchOne());
      await within(Promise.all(some.map((stream) => stream.live)), `${this.streams.length + some.length} streams are live`);
      this.streams.push(...some);
    }
  }

  /** Waits until every stream has told the end of all `ids`. */
  async heard(ids) {
    const all = async () => {
      while (this.streams.some((stream) => !ids.every((id) => stream.ended.has(id)))) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    await within(all(), 'every stream has told every answer');
  }

  /** Calls a method; throws what it answers if it refuses. */
  call(method, message) {
    return new Promise((resolve, reject) => {
      const headers = { Cookie: this.cookie, 'X-Airlock-Page': '1', 'Content-Type': 'application/json' };
      const sent = request(`${this.address}/api/call/${method}`, { method: 'POST', agent: this.agent, headers }, (response) => {
        let text = '';
        response.on('data', (data) => { text += data; });
        response.on('end', () => (response.statusCode === 200 ? resolve(JSON.parse(text)) : reject(new Error(text))));
      });
      sent.on('error', reject);
      sent.end(JSON.stringify(message));
    });
  }

  /** Closes all connections. */
  close() {
    for (const one of this.open) one.destroy();
    this.agent.destroy();
  }
}
