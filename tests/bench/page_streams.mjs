// What an answer costs on the page while many watch, with the programs of a
// build tree:
//
//   node tests/bench/page_streams.mjs BIN [STREAMS...]
//
// Prints for each number of streams (without any: 0 and 1000) how long 100
// answers took, a tenth of a second apart, and how long until every stream had
// told of them. Who watches is a process of its own, as those who watch are.
// It needs the sandbox image and a Docker engine, as tests do.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { argv, exit } from 'node:process';

const ANSWERS = 100;
const PAUSE_MS = 100;

const pause = (millis) => new Promise((resolve) => { setTimeout(resolve, millis); });

// The process that watches: is told where, as whom and how often, then what
// must be heard.
async function watch([, , , address, token, streams]) {
  const { Watchers } = await import('../e2e/web/watchers.mjs');
  const watchers = await Watchers.signIn(address, token);
  await watchers.watch(Number(streams));
  process.send('live');
  const [ids] = await once(process, 'message');
  await watchers.heard(ids);
  process.send('heard');
  watchers.close();
  process.disconnect();
}

async function answerAll(watchers, ids) {
  const { approvals } = await watchers.call('ApprovalService/ListApprovals', { pageSize: 500 });
  const digests = new Map(approvals.map((one) => [one.id, one.digest]));
  const millis = [];
  for (const id of ids) {
    const begin = performance.now();
    await watchers.call('ApprovalService/DecideApproval', { id, answer: 'ANSWER_REJECT', digest: digests.get(id) });
    millis.push(performance.now() - begin);
    // People do not answer in a burst.
    await pause(PAUSE_MS);
  }
  return millis.sort((one, other) => one - other);
}

async function measure(stack, streams, round) {
  const { Watchers } = await import('../e2e/web/watchers.mjs');
  const ids = [];
  for (let number = 0; number < ANSWERS; ++number) {
    ids.push((await stack.ask({ kind: 'system_command', argv: ['make', `target-${round}-${number}`] })).id);
  }
  const child = fork(argv[1], ['--watch', stack.address, stack.tokens.bob, streams]);
  const answering = await Watchers.signIn(stack.address, stack.tokens.alice);
  try {
    await once(child, 'message');
    const millis = await answerAll(answering, ids);
    const begin = performance.now();
    child.send(ids);
    await once(child, 'message');
    const rest = performance.now() - begin;
    const at = (part) => millis[Math.ceil(millis.length * part) - 1].toFixed(1);
    console.log(`${streams} streams: answer p50 ${at(0.5)} ms, p99 ${at(0.99)} ms; all have heard ${rest.toFixed(0)} ms after the last`);
  } finally {
    answering.close();
    child.kill();
  }
}

async function main() {
  process.env.AIRLOCK_BIN = argv[2];
  const { startStack } = await import('../e2e/web/stack.mjs');
  const stack = await startStack();
  try {
    const counts = argv.length > 3 ? argv.slice(3).map(Number) : [0, 1000];
    for (const [round, count] of counts.entries()) await measure(stack, count, round);
  } finally {
    await stack.stop();
  }
}

if (argv.length < 3) {
  console.error('usage: page_streams.mjs BIN [STREAMS...]');
  exit(2);
}
await (argv[2] === '--watch' ? watch(argv) : main());
