// Every page, as everyone who may see it: without an error, without anything
// for axe to find, in the light and in the dark. Keeps a picture of each.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { PHONE, callFrom, findingsOf, keepPicture, openAs, startBrowser, until } from './browser.mjs';
import { startStack } from './stack.mjs';

const CODE = `import os
import subprocess

# Clean what is left of the last build, then make a release.
def clean(root):
    for name in os.listdir(root):
        if name.endswith(".o"):
            os.remove(os.path.join(root, name))

clean("/workspace/build")
subprocess.run(["make", "release"], check=True, env={"MODE": "release"})
print("done", 42)  # \u202eelif rehtona\u202c
`;

let stack;
let browser;
const ids = {};

before(async () => {
  stack = await startStack();
  browser = await startBrowser();
  ids.running = (await stack.running()).id;
  const alice = await openAs(browser, stack, 'alice');
  for (const [argv, answer] of [['make test', 'ANSWER_APPROVE'], ['rm -rf /workspace', 'ANSWER_REJECT']]) {
    const { id } = await stack.ask({ kind: 'system_command', argv: argv.split(' ') });
    const { body } = await callFrom(alice, 'ApprovalService/GetApproval', { id });
    await callFrom(alice, 'ApprovalService/DecideApproval', { id, answer, digest: body.approval.digest, comment: 'as agreed' });
    ids.answered = id;
  }
  ids.pending = (await stack.ask({ kind: 'code_exec', language: 'python', code: CODE })).id;
  await alice.context().close();
});

after(async () => {
  await browser?.close();
  await stack?.stop();
});

const HEADINGS = {
  approvals: ['/approvals', 'Approvals'],
  approval: [() => `/a/${ids.pending}`, 'What will run'],
  answered: [() => `/a/${ids.answered}`, 'Why it is asked'],
  executions: ['/executions', 'Executions'],
  execution: [() => `/executions/${ids.running}`, 'Output'],
  overview: ['/overview', 'Agents'],
  policy: ['/policy', 'In force'],
  standing: ['/standing', 'Standing approvals'],
  report: ['/report', 'Report'],
};
const READERS = { audit: ['/audit', 'Audit'], record: ['/audit/2', 'In the chain'], sandboxes: ['/sandboxes', 'What waits'] };

async function look(page, pages, suffix) {
  for (const [name, [address, heading]] of Object.entries(pages)) {
    await page.goto(typeof address === 'function' ? address() : address);
    await page.getByRole('heading', { name: heading, exact: true }).first().waitFor();
    await until(page, () => document.querySelector('.waiting') === null);
    assert.deepEqual(await findingsOf(page), [], name);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), `${name} is too wide`);
    await keepPicture(page, `${name}-${suffix}`);
  }
  assert.deepEqual(page.problems, []);
}

for (const [id, pages] of [['alice', HEADINGS], ['olga', { ...HEADINGS, ...READERS }], ['audrey', { ...HEADINGS, ...READERS }]]) {
  for (const colorScheme of ['light', 'dark']) {
    it(`is without fault for ${id} in the ${colorScheme}`, async () => {
      const page = await openAs(browser, stack, id, { colorScheme });
      await look(page, pages, `${id}-${colorScheme}`);
      await page.context().close();
    });
  }
}

it('is without fault on a phone', async () => {
  const page = await openAs(browser, stack, 'olga', { viewport: PHONE, isMobile: true });
  await look(page, { ...HEADINGS, ...READERS }, 'phone');
  await page.context().close();
});

describe('what one does on them', () => {
  let page;
  before(async () => {
    page = await openAs(browser, stack, 'olga');
    // The one before has come to its time limit while the pages were looked at.
    ids.running = (await stack.running()).id;
  });
  const button = (name) => page.getByRole('button', { name });
  const dialog = () => page.getByRole('dialog');

  it('filters executions, and the address keeps that', async () => {
    await page.goto('/executions');
    await page.getByLabel('Result').selectOption('STATE_RUNNING');
    await button('Filter').click();
    await page.waitForURL('**/executions?*result=STATE_RUNNING*');
    await until(page, () => document.querySelectorAll('tbody tr').length === 1);

    await page.reload();
    await page.getByRole('link', { name: ids.running }).waitFor();
    assert.equal(await page.locator('tbody tr').count(), 1);
    await page.goto('/executions?text=no-such-text-anywhere');
    await page.getByText('No execution matches.').waitFor();
  });

  it('cordons an executor and gives it work again', async () => {
    await page.goto('/sandboxes');
    await button('Cordon').first().click();
    await dialog().getByRole('button', { name: 'Cordon' }).click();
    await page.getByText('cordoned').waitFor();
    await button('Uncordon').click();
    await dialog().getByRole('button', { name: 'Uncordon' }).click();
    await page.getByText('ready', { exact: true }).first().waitFor();
  });

  it('freezes and thaws', async () => {
    await page.goto('/sandboxes');
    await button('Freeze…').click();
    await dialog().getByLabel('Agent').fill('nobody');
    await dialog().getByLabel('Why').fill('only a test');
    await dialog().getByRole('button', { name: 'Freeze' }).click();
    await page.getByText('only a test').waitFor();
    await button('Thaw').click();
    await dialog().getByRole('button', { name: 'Thaw' }).click();
    await page.getByText('Nothing is frozen.').waitFor();
  });

  it('explains what would be decided', async () => {
    await page.goto('/policy');
    await button('What would happen?').click();
    await page.getByLabel('Arguments').fill('make\nall');
    await button('Explain').click();
    await page.locator('.steps .applied').waitFor();
    assert.deepEqual(await findingsOf(page), []);
  });

  it('replays recorded requests by another configuration', async () => {
    await page.goto('/policy');
    await page.getByRole('heading', { name: 'In force' }).waitFor();
    await button('What would have been?').click();
    await page.getByRole('textbox', { name: 'Configuration' }).fill('{"autonomy": {"level": "full"}, "sandbox": {"enabled": true}}');
    await button('Replay').click();
    await page.getByText('would be decided otherwise').waitFor();
    await page.getByRole('textbox', { name: 'Configuration' }).fill('{"autonomy": ');
    await button('Replay').click();
    await page.getByRole('alert').waitFor();
  });

  it('verifies the audit, and the hashes of a record fit', async () => {
    await page.goto('/audit');
    await button('Verify the chain').click();
    await page.getByText('an unbroken chain').waitFor();
    await page.goto('/audit/2');
    await page.getByText('this browser computed the hash').waitFor();
    assert.deepEqual(await page.locator('.chain .chip').allTextContents(), ['fits', 'fits', 'fits']);
    const [download] = await Promise.all([
      page.goto('/audit').then(() => page.waitForEvent('download')),
      page.getByRole('link', { name: 'Export' }).click(),
    ]);
    assert.equal(await download.failure(), null);
  });

  it('cancels an execution', async () => {
    await page.goto(`/executions/${ids.running}`);
    await button('Cancel execution').click();
    await dialog().getByRole('button', { name: 'Cancel it' }).click();
    await page.getByText('cancelled', { exact: true }).first().waitFor();
    await page.getByText('complete', { exact: true }).waitFor();
  });

  it('tells an error and tries again', async () => {
    await page.route('**/api/call/ReportService/GetActivity', (route) => route.fulfill({
      status: 503, json: { code: 'UNAVAILABLE', message: 'no policy service answers' },
    }));
    await page.goto('/overview');
    await page.getByRole('alert').getByText('no policy service answers').waitFor();
    assert.deepEqual(await findingsOf(page), []);
    await page.unroute('**/api/call/ReportService/GetActivity');
    await button('Try again').click();
    await page.getByRole('heading', { name: 'Agents' }).waitFor();
  });
});
