// What the page knows and works out before it shows anything.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { ApprovalFeed, groupsOf } from '../../../../services/gateway/web/page/base/approval_feed.js';
import { iconSvg } from '../../../../services/gateway/web/page/base/badge.js';
import { diffLines, foldSame } from '../../../../services/gateway/web/page/base/diff.js';
import { ACCESS, mayCall } from '../../../../services/gateway/web/page/base/roles.js';
import { addressOf, routeOf } from '../../../../services/gateway/web/page/base/routes.js';
import { agoText, countdownText, durationMillis, durationText } from '../../../../services/gateway/web/page/base/time.js';
import { ACTION_KINDS, ENDED_BY, EXECUTION_STATES, bytesText, kindWord, resultText } from '../../../../services/gateway/web/page/base/words.js';

const PROTOS = new URL('../../../../proto/airlock/v1/', import.meta.url);
const protoText = readdirSync(PROTOS).map((name) => readFileSync(new URL(name, PROTOS), 'utf8')).join('\n');

describe('roles', () => {
  // {"Service/Method": roles} of the protos.
  function accessOfProtos() {
    const access = {};
    for (const [, service, body] of protoText.matchAll(/^service (\w+) \{\n([^]*?)^\}/gm)) {
      for (const [, method, options] of body.matchAll(/rpc (\w+)\([^]*?\{([^]*?)\n {2}\}/g)) {
        access[`${service}/${method}`] = [...options.matchAll(/PRINCIPAL_ROLE_(\w+)/g)].map(([, role]) => role.toLowerCase()).sort();
      }
    }
    return access;
  }

  it('are those of the protos', () => {
    const access = accessOfProtos();
    assert.ok(Object.keys(access).length > 25);
    for (const [method, roles] of Object.entries(ACCESS)) assert.deepEqual([...roles].sort(), access[method], method);
  });

  it('may not call what nobody listed', () => {
    assert.ok(mayCall('approver', 'ApprovalService/DecideApproval'));
    assert.ok(!mayCall('operator', 'ApprovalService/DecideApproval'));
    assert.ok(!mayCall('operator', 'ApprovalService/Nothing'));
    assert.ok(!mayCall('nobody', 'ApprovalService/ListApprovals'));
  });
});

describe('words', () => {
  const valuesOf = (name) => [...protoText.match(new RegExp(`enum ${name} \\{[^}]*\\}`))[0].matchAll(/^ *(\w+) = [1-9]/gm)].map(([, value]) => value);

  it('know every name of the protos', () => {
    assert.deepEqual(ACTION_KINDS, valuesOf('ActionKind'));
    assert.deepEqual(ENDED_BY, valuesOf('EndedBy'));
    const states = protoText.match(/message Execution \{[^]*?enum State \{([^}]*)\}/)[1];
    assert.deepEqual(EXECUTION_STATES, [...states.matchAll(/^ *(\w+) = [1-9]/gm)].map(([, value]) => value));
  });

  it('say how an execution went', () => {
    const finished = (outcome) => resultText({ state: 'STATE_FINISHED', outcome });
    assert.equal(finished({ endedBy: 'ENDED_BY_EXITED', exitCode: 0 }), 'exited 0');
    assert.equal(finished({ endedBy: 'ENDED_BY_SIGNALED', signal: 9 }), 'signal 9');
    assert.equal(finished({ endedBy: 'ENDED_BY_OUTCOME_UNKNOWN' }), 'outcome unknown');
    assert.equal(resultText({ state: 'STATE_AWAITING_APPROVAL' }), 'awaiting approval');
    assert.equal(kindWord('ACTION_KIND_CODE_EXEC'), 'code_exec');
  });

  it('say how many bytes', () => {
    assert.deepEqual(['0', '1023', 1536, 10 << 20, 5 * 2 ** 40].map(bytesText), ['0 B', '1023 B', '1.5 KiB', '10 MiB', '5120 GiB']);
  });
});

describe('times', () => {
  it('read well', () => {
    assert.deepEqual([0, 0.25, 850, 1500, 59000, 250000, 3600000, 7500000, 90000000].map(durationText),
      ['0 s', '0.25 ms', '850 ms', '1.5 s', '59 s', '4 min 10 s', '1 h', '2 h 5 min', '1 d 1 h']);
    assert.deepEqual([-1, 0, 1, 59001, 249000, 3723000].map(countdownText), ['0:00', '0:00', '0:01', '1:00', '4:09', '1:02:03']);
    assert.deepEqual([durationMillis('1.5s'), durationMillis(null)], [1500, 0]);
    assert.equal(agoText('2026-11-27T10:00:00Z', Date.parse('2026-11-27T10:00:42Z')), '42 s ago');
    assert.equal(agoText(null, 0), '');
  });
});

describe('addresses', () => {
  it('say where one is', () => {
    assert.deepEqual(routeOf('/a/a%2F1', ''), { name: 'approval', id: 'a/1', query: {} });
    assert.deepEqual(routeOf('/', '?x=1'), { name: 'approvals', id: '', query: { x: '1' } });
    assert.equal(routeOf('/audit/12', '').name, 'record');
    assert.equal(routeOf('/audit/x', '').name, 'missing');
    assert.equal(routeOf('/a/%E0%A4%A', '').id, '%E0%A4%A');
    assert.equal(addressOf('/executions', { agent: 'a b', kind: '', page: undefined }), '/executions?agent=a+b');
  });
});

describe('differences', () => {
  const shown = (before, after) => diffLines(before, after).map(({ change, text }) => `${{ same: ' ', gone: '-', new: '+' }[change]}${text}`);

  it('are the fewest', () => {
    assert.deepEqual(shown('a\nb\nc', 'a\nx\nc'), [' a', '-b', '+x', ' c']);
    assert.deepEqual(shown('a\nb\nc\na\nb\nb\na', 'c\nb\na\nb\na\nc').filter((line) => line[0] !== ' ').length, 5);
    assert.deepEqual(shown('a', 'a'), [' a']);
  });

  it('give back both texts', () => {
    let seed = 7;
    const random = (most) => { seed = (seed * 1103515245 + 12345) % 2147483648; return seed % most; };
    for (let round = 0; round < 300; ++round) {
      const text = () => Array.from({ length: random(12) + 1 }, () => 'abc'[random(3)]).join('\n');
      const [before, after] = [text(), text()];
      const lines = diffLines(before, after);
      const only = (change) => lines.filter((line) => line.change !== change).map((line) => line.text).join('\n');
      assert.equal(only('new'), before);
      assert.equal(only('gone'), after);
    }
  });

  it('are told as all gone and all new when they are too many', () => {
    const text = (letter) => Array.from({ length: 3000 }, (_, line) => `${letter}${line}`).join('\n');
    assert.equal(diffLines(text('a'), text('b')).length, 6000);
  });

  it('leave out what is far from them', () => {
    const before = Array.from({ length: 20 }, (_, line) => `${line}`).join('\n');
    const folded = foldSame(diffLines(before, before.replace('10', 'x')));
    assert.deepEqual([folded[0], folded.at(-1).count], [{ change: 'fold', text: '', count: 7 }, 6]);
  });
});

describe('the feed', () => {
  const pending = (id, deadline, more = {}) => ({ id, agent: 'a', state: 'STATE_PENDING', deadline: `2026-11-27T10:00:0${deadline}Z`, ...more });
  const connected = (...approvals) => {
    const feed = new ApprovalFeed();
    feed.fresh = new Map();
    for (const one of [...approvals, null]) feed.take(one);
    return feed;
  };
  const ids = (feed) => feed.byDeadline().map((one) => one.id);

  it('sorts by deadline', () => {
    assert.deepEqual(ids(connected(pending('a', 3), pending('b', 1), pending('c', 2))), ['b', 'c', 'a']);
  });

  it('keeps the old list until a new connection has told all, then replaces it', () => {
    const feed = connected(pending('a', 1), pending('b', 2));
    feed.change('lost');
    feed.fresh = new Map();
    feed.take(pending('b', 2));
    assert.deepEqual(ids(feed), ['a', 'b']);

    feed.take(null);

    assert.deepEqual([ids(feed), feed.state], [['b'], 'live']);
  });

  it('never takes one that has ended for pending again', () => {
    const feed = connected(pending('a', 1));
    feed.take({ ...pending('a', 1), state: 'STATE_APPROVED' });
    feed.take(pending('a', 1));

    assert.deepEqual(ids(feed), []);
    assert.equal(feed.get('a').state, 'STATE_APPROVED');
  });

  it('tells of new questions, and not of those that were there', () => {
    const feed = new ApprovalFeed();
    const asked = [];
    feed.onAsked((one) => asked.push(one.id));
    feed.fresh = new Map();
    for (const one of [pending('a', 1), null, pending('b', 2), pending('b', 2)]) feed.take(one);

    assert.deepEqual(asked, ['b']);
  });

  it('groups the very same of one agent only', () => {
    const same = { actionHash: 'h' };
    const all = [pending('a', 1, same), pending('b', 2), pending('c', 3, same), pending('d', 4, { ...same, agent: 'other' }), pending('e', 5)];

    assert.deepEqual(groupsOf(all).map((group) => group.map((one) => one.id)), [['a', 'c'], ['b'], ['d'], ['e']]);
    assert.deepEqual(connected(...all).sameAs(all[0]).map((one) => one.id), ['c']);
    assert.deepEqual(connected(...all).sameAs(all[1]), []);
  });
});

it('the icon has a number only if something waits', () => {
  assert.ok(!iconSvg(0).includes('<text'));
  assert.ok(iconSvg(7).includes('>7</text>'));
  assert.ok(iconSvg(250).includes('>99+</text>'));
});
