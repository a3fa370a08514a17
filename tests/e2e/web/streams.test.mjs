// A thousand browsers watch while people answer.

import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { startStack } from './stack.mjs';
import { Watchers } from './watchers.mjs';

const STREAMS = 1000;
const ANSWERS = 20;

let stack;
let watchers;

before(async () => {
  stack = await startStack();
  watchers = await Watchers.signIn(stack.address, stack.tokens.alice);
});

after(async () => {
  watchers?.close();
  await stack?.stop();
});

it('everybody hears of each answer', async () => {
  const questions = [];
  for (let number = 0; number < ANSWERS; ++number) {
    questions.push((await stack.ask({ kind: 'system_command', argv: ['make', `target-${number}`] })).id);
  }
  await watchers.watch(STREAMS);
  const { approvals } = await watchers.call('ApprovalService/ListApprovals', { pageSize: 500 });

  for (const { id, digest } of approvals) {
    const answered = await watchers.call('ApprovalService/DecideApproval', { id, answer: 'ANSWER_REJECT', digest });
    assert.equal(answered.approval.state, 'STATE_REJECTED');
  }

  await watchers.heard(questions);
});
