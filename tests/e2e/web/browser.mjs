// A real browser for the tests.

import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const packages = createRequire(join(process.env.AIRLOCK_WEB_PACKAGES, 'package.json'));
const { chromium } = packages('playwright-core');
const AXE = readFileSync(packages.resolve('axe-core/axe.min.js'), 'utf8');
const OUTPUT = process.env.AIRLOCK_WEB_OUTPUT || '.';

export const DESKTOP = { width: 1280, height: 900 };
export const PHONE = { width: 390, height: 844 };

/** Starts it. */
export function startBrowser() {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

// The browser itself logs each refused load. That one is not signed in yet, is
// what the page asks for first; the tests of errors ask for the others.
const EXPECTED = /Failed to load resource: .* (401|403|404|409|503)|net::ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_NETWORK_CHANGED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/;

/**
 * A window of its own, signed in as somebody.
 * @param {object} browser
 * @param {object} stack
 * @param {string} id Such as "alice"; empty: nobody.
 * @param {object} options Of newContext().
 * @returns {Promise<object>} The page, with `problems`: what the browser
 *     complained of.
 */
export async function openAs(browser, stack, id, options = {}) {
  const context = await browser.newContext({ viewport: DESKTOP, baseURL: stack.address, ...options });
  context.setDefaultTimeout(15000);
  const page = await context.newPage();
  page.problems = [];
  page.on('pageerror', (error) => page.problems.push(`error: ${error.message}`));
  page.on('console', (message) => {
    const bad = message.type() === 'error' || message.type() === 'warning';
    if (bad && !EXPECTED.test(message.text())) page.problems.push(`${message.type()}: ${message.text()}`);
  });
  if (id !== '') await signIn(page, stack.tokens[id], '/approvals');
  return page;
}

/**
 * Goes to `path` and signs in there.
 * @param {object} page
 * @param {string} token
 * @param {string} path
 */
export async function signIn(page, token, path) {
  await page.goto(path);
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
}

/** What axe finds on a page, one line for each finding. */
export async function findingsOf(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run({ resultTypes: ['violations'] }));
  return violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(' ')}`);
}

/** Keeps a picture of a page in the test's output. */
export async function keepPicture(page, name) {
  mkdirSync(OUTPUT, { recursive: true });
  await page.screenshot({ path: join(OUTPUT, `${name}.png`) });
}

/** Calls a method from within the page, with its cookie. */
export function callFrom(page, method, message) {
  return page.evaluate(async ([path, body]) => {
    const headers = { 'X-Airlock-Page': '1', 'Content-Type': 'application/json' };
    const response = await fetch(`/api/call/${path}`, { method: 'POST', headers, body });
    return { status: response.status, body: await response.json() };
  }, [method, JSON.stringify(message)]);
}

const PATIENCE_MS = 15000;
const LOOK_MS = 50;

/**
 * Waits until `fact` is true in the page. Unlike waitForFunction() it evaluates
 * nothing by the page's own means, which its policy forbids.
 * @param {object} page
 * @param {(argument: any) => boolean} fact
 * @param {any} argument
 */
export async function until(page, fact, argument) {
  for (const end = Date.now() + PATIENCE_MS; !(await page.evaluate(fact, argument));) {
    if (Date.now() > end) throw new Error(`not within ${PATIENCE_MS / 1000} s: ${fact}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
