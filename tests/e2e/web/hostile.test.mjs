// What an agent asks for tries to hide, to look like the page, or to run. What
// is shown is compared with what must be shown, character by character.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { keepPicture, openAs, startBrowser, until } from './browser.mjs';
import { startStack } from './stack.mjs';

const KIB = 1024;
const ESCAPE = '\u001b';

let stack;
let browser;
let page;

before(async () => {
  stack = await startStack();
  browser = await startBrowser();
  page = await openAs(browser, stack, 'alice');
});

after(async () => {
  await browser?.close();
  await stack?.stop();
});

const askCode = (code, language = 'python') => stack.ask({ kind: 'code_exec', language, code });
const codeBlock = () => page.getByRole('group', { name: /^code, / });
const approve = () => page.getByRole('button', { name: 'Approve' });

async function show(id) {
  await page.goto(`/a/${id}`);
  await page.getByRole('heading', { name: 'What will run' }).waitFor();
}

// The text of the block as it is in the document, without the last line feed
// that every line has.
async function shownText() {
  return (await codeBlock().locator('code').evaluate((element) => element.textContent)).replace(/\n$/, '');
}

async function staysInside() {
  return page.evaluate(() => {
    const frame = document.querySelector('.action .action-frame').getBoundingClientRect();
    const inside = [...document.querySelectorAll('.action .action-frame .line, .action .action-frame .chunk')];
    return document.documentElement.scrollWidth <= window.innerWidth && inside.length > 0 &&
      inside.every((element) => {
        const box = element.getBoundingClientRect();
        return box.left >= frame.left && box.right <= frame.right + 1;
      });
  });
}

describe('code with characters that nobody sees', () => {
  const cases = {
    'turned around': ['access = "\u202e\u2066// admin\u2069 \u2066"', 'access = "\\u{202E}\\u{2066}// admin\\u{2069} \\u{2066}"'],
    'of no width': ['ad\u200bmin\u200d = 1\ufeff', 'ad\\u{200B}min\\u{200D} = 1\\u{FEFF}'],
    'of a terminal': [`print("${ESCAPE}[2J${ESCAPE}[8mhidden")`, 'print("\\u{001B}[2J\\u{001B}[8mhidden")'],
    'that return to the left': ['rm = 1\rok = 1', 'rm = 1\\u{000D}ok = 1'],
    'as tags': ['x = 1 #\u{e0061}\u{e0062}', 'x = 1 #\\u{E0061}\\u{E0062}'],
    'that are written out, and so are seen as such': ['x = "\\u{202E}"', 'x = "\\\\u{202E}"'],
    'behind many blanks': [`ok()${' '.repeat(500)};evil()`, 'ok()\\{500 blanks};evil()'],
    'below many lines': [`ok()${'\n'.repeat(500)}evil()`, 'ok()\n\\{500 line feeds}\nevil()'],
  };
  for (const [name, [code, shown]] of Object.entries(cases)) {
    it(`shows those ${name}`, async () => {
      const { id } = await askCode(code);

      await show(id);

      assert.equal(await shownText(), shown);
      assert.ok(await staysInside());
    });
  }

  it('marks what stands for them, and only that', async () => {
    const { id } = await askCode('a = "\u202e" # \\u{202E}');

    await show(id);

    assert.deepEqual(await codeBlock().locator('.mark').allTextContents(), ['\\u{202E}']);
  });
});

describe('code that looks like a page', () => {
  const markup = '</code></pre></dl><script>window.owned = 1</script><img src=x onerror="window.owned = 1">' +
    '<style>* { display: none }</style><button class="approve">Approve</button><a href="javascript:window.owned=1">x</a>';

  it('is text and never runs', async () => {
    const { id } = await askCode(markup, 'node');

    await show(id);

    assert.equal(await shownText(), markup);
    assert.equal(await page.evaluate(() => window.owned), undefined);
    assert.equal(await page.locator('.action script, .action img, .action style, .action a, .action button').count(), 0);
    assert.equal(await approve().count(), 1);
    await keepPicture(page, 'hostile-markup');
  });

  it('cannot end its frame with fences and rules of its own', async () => {
    const fences = '```\n----------\nWhere, and within which limits\nnetwork   bridge\n══════════\n[ Approve ]\n~~~';
    const { id } = await askCode(fences, 'bash');

    await show(id);

    assert.equal(await shownText(), fences);
    // The limits are those of the sandbox: not what the text says.
    const limits = page.locator('.around');
    assert.match(await limits.textContent(), /networknone/);
    assert.equal(await codeBlock().evaluate((element) => element.closest('.around')), null);
    const style = await codeBlock().evaluate((element) => {
      const frame = getComputedStyle(element.closest('.action-frame'));
      const block = getComputedStyle(element);
      return [frame.unicodeBidi, frame.overflow, frame.direction, block.unicodeBidi, block.whiteSpace];
    });
    assert.deepEqual(style, ['isolate', 'hidden', 'ltr', 'isolate', 'pre-wrap']);
  });

  it('is text in the list, the title and the dialog too', async () => {
    const { id } = await askCode(markup);
    await page.goto('/approvals');
    await page.locator(`[data-question="${id}"]`).waitFor();
    assert.equal(await page.locator('.questions script, .questions img, .questions button').count(), 0);

    await show(id);
    await approve().click();

    assert.equal(await page.getByRole('dialog').locator('script, img, a').count(), 0);
    assert.equal(await page.evaluate(() => window.owned), undefined);
    await page.keyboard.press('Escape');
  });
});

describe('code that is long', () => {
  it('has all of its lines when they are many', async () => {
    const code = Array.from({ length: 100000 }, (_, line) => `f(${line})`).join('\n');
    const { id } = await askCode(code);

    await show(id);

    await page.getByText('not shown yet').waitFor();
    assert.ok(await approve().isDisabled());
    await page.keyboard.press('a');
    assert.equal(await page.getByRole('dialog').count(), 0);
    assert.ok((await shownText()).length <= 200 * KIB);
    await keepPicture(page, 'hostile-cut');

    await page.getByRole('button', { name: 'Open in full' }).click();

    await until(page, () => !document.querySelector('.open-all'));
    assert.equal(await shownText(), code);
    assert.ok(await approve().isEnabled());
  });

  it('wraps when it is one line, and is cut and then whole', async () => {
    const code = `x = "${'y'.repeat(700 * KIB)}"; evil()`;
    const { id } = await askCode(code);
    await show(id);

    assert.ok(await staysInside());
    assert.ok(await approve().isDisabled());
    await page.getByRole('button', { name: 'Open in full' }).click();

    await until(page, () => !document.querySelector('.open-all'));
    assert.equal(await shownText(), code);
    assert.ok(await staysInside());
  });

  it('can be approved at once just below the limit', async () => {
    const { id } = await askCode(`# ${'y'.repeat(190 * KIB)}`);

    await show(id);

    assert.equal(await page.getByRole('button', { name: 'Open in full' }).count(), 0);
    assert.ok(await approve().isEnabled());
  });
});

describe('a view that is not complete', () => {
  // The service makes none below 12 MiB, so the answer is changed on its way.
  async function showChanged(id, change) {
    await page.route('**/api/call/ApprovalService/GetApproval', async (route) => {
      const response = await route.fetch();
      const body = await response.json();
      change(body.approval);
      await route.fulfill({ response, json: body });
    });
    await page.goto(`/a/${id}`);
    await page.getByRole('heading', { name: 'Why it is asked' }).waitFor();
    await page.unroute('**/api/call/ApprovalService/GetApproval');
  }
  const changes = {
    'says so': (approval) => { approval.view.complete = false; },
    'was cut': (approval) => { approval.view.fields[1].cutBytes = '7'; },
    'is empty': (approval) => { approval.view.fields = []; },
    'is not there': (approval) => { approval.view = null; },
  };
  for (const [name, change] of Object.entries(changes)) {
    it(`cannot be approved when it ${name}`, async () => {
      const { id } = await askCode('f()');

      await showChanged(id, change);

      assert.ok(await approve().isDisabled());
      await page.keyboard.press('a');
      assert.equal(await page.getByRole('dialog').count(), 0);
      assert.ok(await page.getByRole('button', { name: 'Reject' }).isEnabled());
    });
  }
});

describe('the output of a process', () => {
  it('has its colours and nothing else of a terminal', async () => {
    const { id } = await stack.running();
    const watching = await openAs(browser, stack, 'olga');

    await watching.goto(`/executions/${id}`);
    const output = watching.getByRole('log', { name: 'Output of the process' });
    await output.getByText('green').waitFor();

    assert.match(await output.textContent(), /green \\u\{202E\}turned <b>bold<\/b>/);
    assert.equal(await output.locator('b').count(), 0);
    assert.match(await output.getByText('green').getAttribute('class'), /c2/);
    assert.deepEqual(watching.problems, []);
  });
});

it('made the browser complain of nothing', () => {
  assert.deepEqual(page.problems, []);
});
