// Two hundred questions wait at once.

import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { openAs, startBrowser, until } from './browser.mjs';
import { startStack } from './stack.mjs';

const QUESTIONS = 200;
const AT_ONCE = 8;

let stack;
let browser;

before(async () => {
  stack = await startStack();
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await stack?.stop();
});

async function askMany() {
  let next = 0;
  const worker = async () => {
    while (next < QUESTIONS) await stack.ask({ kind: 'system_command', argv: ['make', `target-${next++}`] });
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

it('lists them by deadline, searches them and answers one quickly', async () => {
  const page = await openAs(browser, stack, 'alice');
  await askMany();

  await until(page, (count) => document.querySelectorAll('[data-question]').length === count, QUESTIONS);
  await until(page, (count) => document.title.startsWith(`(${count}) `), QUESTIONS);
  const deadlines = await page.locator('.question time').evaluateAll((all) => all.map((one) => Date.parse(one.getAttribute('datetime'))));
  assert.deepEqual(deadlines, [...deadlines].sort((one, other) => one - other));

  await page.getByRole('searchbox').fill('target-137');
  await until(page, () => document.querySelectorAll('[data-question]').length === 1);
  await page.locator('[data-question]').click();
  await page.getByRole('button', { name: 'Reject' }).click();
  const begin = Date.now();
  await page.getByRole('dialog').getByRole('button', { name: 'Reject' }).click();
  await page.getByRole('status', { name: 'Result' }).waitFor();
  assert.ok(Date.now() - begin < 2000, `${Date.now() - begin} ms`);

  await page.getByRole('link', { name: 'All approvals' }).click();
  await until(page, (count) => document.querySelectorAll('[data-question]').length === count, QUESTIONS - 1);
  assert.deepEqual(page.problems, []);
});
