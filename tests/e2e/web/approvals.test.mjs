// People answer questions on the page.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { PHONE, callFrom, findingsOf, keepPicture, openAs, signIn, startBrowser, until } from './browser.mjs';
import { startStack } from './stack.mjs';

let stack;
let browser;
let pages = [];
let number = 0;

const open = async (id, options) => {
  const page = await openAs(browser, stack, id, options);
  pages.push(page);
  return page;
};
// Each question is another one, unless a test wants the same twice.
const ask = (text = `rm -rf build-${++number}`) => stack.ask({ kind: 'system_command', argv: text.split(' ') });
const rowOf = (page, id) => page.locator(`[data-question="${id}"]`);
const button = (page, name) => page.getByRole('button', { name, exact: false });
const dialog = (page) => page.getByRole('dialog');
const result = (page) => page.getByRole('status', { name: 'Result' });
const approvalOf = async (page, id) => (await callFrom(page, 'ApprovalService/GetApproval', { id })).body.approval;

before(async () => {
  stack = await startStack();
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await stack?.stop();
});

beforeEach(async () => {
  for (const page of pages) {
    assert.deepEqual(page.problems, []);
    await page.context().close();
  }
  pages = [];
});

describe('a question', () => {
  it('appears by itself, in the title and on the icon too', async () => {
    const page = await open('alice');
    await page.getByText('live', { exact: true }).waitFor();

    const { id } = await ask();

    await rowOf(page, id).waitFor();
    await until(page, () => /^\([0-9]+\) Approvals · Airlock$/.test(document.title));
    assert.match(await page.locator('link[rel="icon"]').getAttribute('href'), /^data:image\/svg\+xml,.*%3Ctext/);
  });

  it('is approved after a confirmation, and runs', async () => {
    const page = await open('alice');
    const { id } = await ask();
    await rowOf(page, id).click();

    await button(page, 'Approve').click();
    assert.equal((await approvalOf(page, id)).state, 'STATE_PENDING');
    await dialog(page).getByRole('button', { name: 'Approve' }).click();

    await result(page).getByText('approved', { exact: true }).waitFor();
    assert.match(await result(page).textContent(), /You approved this/);
    const approval = await approvalOf(page, id);
    assert.deepEqual([approval.state, approval.answers[0].approver], ['STATE_APPROVED', 'web:alice']);
  });

  it('shows what a write would change of the file that is there', async () => {
    stack.runIn('work', ['sh', '-c', 'seq 20 > notes.txt']);
    const content = Array.from({ length: 20 }, (_, at) => (at === 9 ? 'ten\u202e' : `${at + 1}`)).join('\n');
    const written = stack.write('work:notes.txt', `${content}\n`);
    const page = await open('alice');
    await page.locator('[data-question]').filter({ hasText: 'notes.txt' }).click();

    const change = page.getByRole('region', { name: 'What would change' });
    await change.locator('.new').waitFor();
    assert.deepEqual(await change.locator('.gone').allTextContents(), ['- removed: 10\n']);
    assert.deepEqual(await change.locator('.new').allTextContents(), ['+ added: ten\\u{202E}\n']);
    assert.equal(await change.locator('.fold').count(), 2);
    assert.deepEqual(await findingsOf(page), []);
    await change.locator('.new').scrollIntoViewIfNeeded();
    await keepPicture(page, 'write');

    await button(page, 'Approve').click();
    await dialog(page).getByRole('button', { name: 'Approve' }).click();
    assert.equal(await written, 0);
  });

  it('is rejected with a reason that the agent gets', async () => {
    const page = await open('alice');
    const { id, executionId } = await ask();
    await page.goto(`/a/${id}`);

    await button(page, 'Reject').click();
    await dialog(page).getByLabel('Reason').fill('not on a Friday');
    await dialog(page).getByRole('button', { name: 'Reject' }).click();

    await result(page).getByText('rejected', { exact: true }).waitFor();
    await page.getByText('not on a Friday').waitFor();
    const { body } = await callFrom(page, 'ExecutionService/GetExecution', { id: executionId });
    assert.equal(body.execution.state, 'STATE_REJECTED');
    assert.match(body.execution.stateMessage, /not on a Friday/);
  });

  it('can be cancelled out of without an answer', async () => {
    const page = await open('alice');
    const { id } = await ask();
    await page.goto(`/a/${id}`);

    await button(page, 'Approve').click();
    assert.deepEqual(await findingsOf(page), []);
    await page.keyboard.press('Escape');

    await dialog(page).waitFor({ state: 'detached' });
    assert.equal((await approvalOf(page, id)).state, 'STATE_PENDING');
  });

  it('tells a second browser at once who decided', async () => {
    const [one, other] = [await open('alice'), await open('bob')];
    const { id } = await ask();
    await one.goto(`/a/${id}`);
    await other.goto(`/a/${id}`);
    await button(other, 'Approve').click();
    await dialog(other).waitFor();

    await button(one, 'Reject').click();
    await dialog(one).getByRole('button', { name: 'Reject' }).click();

    await result(other).getByText('alice rejected this').waitFor();
    assert.equal(await dialog(other).count(), 0);
    assert.equal(await button(other, 'Approve').count(), 0);
  });

  it('shows who decided to a page that did not hear of it', async () => {
    const [one, other] = [await open('alice'), await open('bob')];
    const { id } = await ask();
    await other.route('**/api/events/**', (route) => route.abort());
    await other.goto(`/a/${id}`);
    await button(other, 'Approve').click();

    await one.goto(`/a/${id}`);
    await button(one, 'Reject').click();
    await dialog(one).getByRole('button', { name: 'Reject' }).click();
    await result(one).waitFor();
    await dialog(other).getByRole('button', { name: 'Approve' }).click();

    await result(other).getByText('alice rejected this').waitFor();
    assert.equal((await approvalOf(one, id)).answers.length, 1);
    other.problems = other.problems.filter((problem) => !problem.includes('ERR_FAILED'));
  });

  it('has one winner when two race', async () => {
    const [one, other] = [await open('alice'), await open('bob')];
    const { id } = await ask();
    for (const page of [one, other]) await page.goto(`/a/${id}`);
    await button(one, 'Approve').click();
    await button(other, 'Reject').click();

    await Promise.all([
      dialog(one).getByRole('button', { name: 'Approve' }).click({ noWaitAfter: true }),
      dialog(other).getByRole('button', { name: 'Reject' }).click({ noWaitAfter: true }),
    ].map((click) => click.catch(() => 'the dialog closed under the click')));

    await Promise.all([result(one).waitFor(), result(other).waitFor()]);
    const approval = await approvalOf(one, id);
    assert.equal(approval.answers.length, 1);
    const winner = approval.answers[0].approver.replace('web:', '');
    assert.match(await result(one).textContent(), winner === 'alice' ? /You approved/ : /bob.* rejected/);
    assert.match(await result(other).textContent(), winner === 'bob' ? /You rejected/ : /alice.* approved/);
  });

  it('is answered together with the very same ones', async () => {
    const page = await open('alice');
    const [first, second] = [await ask('make the-same'), await ask('make the-same')];
    await page.getByText('2 the same').waitFor();
    await page.goto(`/a/${first.id}`);

    await button(page, 'Approve').click();
    await dialog(page).getByLabel(/1 other question/).check();
    await dialog(page).getByRole('button', { name: 'Approve all 2' }).click();

    await result(page).waitFor();
    for (const { id } of [first, second]) assert.equal((await approvalOf(page, id)).state, 'STATE_APPROVED');
  });

  it('leads to a standing approval, which is listed and revoked', async () => {
    const page = await open('alice');
    const { id } = await ask();
    await page.goto(`/a/${id}`);

    await page.getByText('Stop asking for this').click();
    await page.getByLabel('Minutes').fill('5');
    await page.getByLabel('Starts').fill('2');
    assert.deepEqual(await findingsOf(page), []);
    await button(page, 'Permit without asking').click();
    await page.getByText('Permitted:').waitFor();
    assert.equal((await approvalOf(page, id)).state, 'STATE_PENDING');

    await page.goto('/standing');
    await page.getByText('0 of 2').waitFor();
    await page.getByRole('row', { name: /0 of 2/ }).getByRole('button', { name: 'Revoke' }).click();
    await dialog(page).getByRole('button', { name: 'Revoke' }).click();
    await page.getByRole('row', { name: /0 of 2/ }).getByText('revoked').waitFor();
  });
});

describe('the keyboard', () => {
  it('is enough to choose, open and answer', async () => {
    const page = await open('alice');
    const [first, second] = [await ask(), await ask()];
    await rowOf(page, second.id).waitFor();
    await page.getByRole('searchbox').fill('build-');
    await page.keyboard.press('Escape');

    const focused = () => page.evaluate(() => document.activeElement.dataset.question);
    for (let steps = 0; steps < 20 && (await focused()) !== second.id; ++steps) await page.keyboard.press('j');
    assert.equal(await focused(), second.id);
    await page.keyboard.press('k');
    assert.notEqual(await focused(), second.id);
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/a/${second.id}`);
    await button(page, 'Approve').waitFor();
    await page.keyboard.press('a');
    await dialog(page).waitFor();
    assert.equal((await approvalOf(page, second.id)).state, 'STATE_PENDING');
    await page.keyboard.press('Enter');
    await result(page).getByText('approved', { exact: true }).waitFor();

    await page.goto(`/a/${first.id}`);
    await button(page, 'Reject').waitFor();
    await page.keyboard.press('r');
    await dialog(page).waitFor();
    await page.keyboard.type('no');
    await page.keyboard.press('Enter');
    await result(page).getByText('rejected', { exact: true }).waitFor();
    assert.equal((await approvalOf(page, first.id)).answers[0].comment, 'no');
  });

  it('searches with / and tells its keys with ?', async () => {
    const page = await open('alice');
    const { id } = await ask('make needle');
    await rowOf(page, id).waitFor();

    await page.keyboard.press('/');
    await page.keyboard.type('needle');
    assert.equal(await page.locator('[data-question]').count(), 1);
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');

    await page.getByRole('dialog', { name: 'Keys' }).getByText('approve: asks once more').waitFor();
    assert.deepEqual(await findingsOf(page), []);
  });

  it('never answers from the list, where not everything is seen', async () => {
    const page = await open('alice');
    const { id } = await ask('make from-the-list');
    await rowOf(page, id).focus();

    await page.keyboard.press('a');

    await page.waitForURL(`**/a/${id}`);
    await dialog(page).getByRole('button', { name: 'Approve' }).waitFor();
    assert.equal((await approvalOf(page, id)).state, 'STATE_PENDING');
  });
});

describe('a phone', () => {
  it('has both buttons in sight and nothing that is too wide', async () => {
    const page = await open('alice', { viewport: PHONE, hasTouch: true, isMobile: true });
    const { id } = await stack.ask({ kind: 'code_exec', language: 'python', code: 'print("a long line")\n'.repeat(200) });
    await page.goto(`/a/${id}`);
    await button(page, 'Approve').waitFor();

    for (const name of ['Approve', 'Reject']) {
      const box = await button(page, name).boundingBox();
      assert.ok(box.y + box.height <= PHONE.height && box.height >= 44 && box.width > 100, JSON.stringify(box));
    }
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth));
    await keepPicture(page, 'phone');
    await button(page, 'Reject').tap();
    await dialog(page).getByRole('button', { name: 'Reject' }).tap();
    await result(page).getByText('rejected', { exact: true }).waitFor();
  });
});

describe('a session', () => {
  it('that is over leads to signing in, and then back', async () => {
    const page = await open('alice');
    const { id } = await ask();
    await page.goto(`/a/${id}`);
    await button(page, 'Approve').click();
    await page.context().clearCookies();

    await dialog(page).getByRole('button', { name: 'Approve' }).click();

    await page.getByText('Your session has ended').waitFor();
    assert.equal(new URL(page.url()).pathname, `/a/${id}`);
    await page.getByLabel('Token').fill(stack.tokens.alice);
    await button(page, 'Sign in').click();
    await button(page, 'Approve').waitFor();
    assert.equal((await approvalOf(page, id)).state, 'STATE_PENDING');
  });

  it('opens with a token only, and closes', async () => {
    const page = await open('');
    await page.goto('/executions');
    await page.getByLabel('Token').fill('nobody-has-this');
    await button(page, 'Sign in').click();
    await page.getByText('Nobody has this token.').waitFor();
    assert.deepEqual(await findingsOf(page), []);

    await signIn(page, stack.tokens.alice, '/executions');
    await button(page, 'Sign out').click();

    await page.getByLabel('Token').waitFor();
    await page.reload();
    await page.getByLabel('Token').waitFor();
  });
});

describe('a role', () => {
  it('is not shown what it may not do', async () => {
    const page = await open('audrey');
    const { id } = await ask();
    await page.goto(`/a/${id}`);
    await page.getByRole('heading', { name: 'What will run' }).waitFor();

    assert.equal(await button(page, 'Approve').count(), 0);
    assert.equal(await button(page, 'Withdraw').count(), 0);
    await page.keyboard.press('a');
    assert.equal(await dialog(page).count(), 0);
    const { status } = await callFrom(page, 'ApprovalService/DecideApproval', { id, answer: 'ANSWER_REJECT' });
    assert.equal(status, 403);
  });
});

describe('live updates', () => {
  it('come by one stream to all tabs, and go on when its tab is closed', async () => {
    const first = await open('alice');
    await first.getByText('live', { exact: true }).waitFor();
    const tabs = [];
    let streams = 0;
    while (tabs.length < 7) {
      const tab = await first.context().newPage();
      tab.on('request', (request) => { streams += request.url().includes('/api/events/') ? 1 : 0; });
      await tab.goto('/approvals');
      await tab.getByText('live', { exact: true }).waitFor();
      tabs.push(tab);
    }
    assert.equal(streams, 0);
    const before = await ask();
    for (const tab of tabs) await rowOf(tab, before.id).waitFor();

    await first.goto('about:blank');

    const then = await ask();
    for (const tab of tabs) await rowOf(tab, then.id).waitFor();
    assert.equal(streams, 1);
  });

  it('go on after a restart of everything, without a reload', async () => {
    const page = await open('alice');
    await page.getByText('live', { exact: true }).waitFor();
    await page.evaluate(() => { window.notReloaded = true; });

    await stack.restart();
    const { id } = await ask();

    await rowOf(page, id).waitFor({ timeout: 60000 });
    assert.equal(await page.evaluate(() => window.notReloaded), true);
  });
});
