// A running Airlock with its page, for the tests: `airlock up` in a folder of
// its own. AIRLOCK_WEB_STACK may name another module that exports the same.

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const PATIENCE_MS = 60000;
const ANY_PORT = '127.0.0.1:0';
const PEOPLE = { approver: ['alice', 'bob'], operator: ['olga'], auditor: ['audrey'] };

const AIRLOCK = join(process.env.AIRLOCK_BIN || '', 'airlock');

function configFor(directory, page) {
  const listens = { listen: ANY_PORT, metricsListen: ANY_PORT, probeListen: ANY_PORT };
  return {
    sandbox: {
      enabled: true, backend: 'docker', image: 'airlock/sandbox:latest', timeout: 60000, memoryLimit: '256m',
      cpuLimit: '1.0', networkMode: 'none',
    },
    autonomy: { level: 'supervised' },
    approvalGating: {
      channel: 'web', timeout: 600000, maxPending: 1000, rejectionMemory: 0,
      rules: [{ action: 'system_command', approval: 'auto', command: '(sh -c|echo) .*' }],
    },
    gateway: { ...listens, web: { listen: page, sessionKeyPath: join(directory, 'session.key') } },
    policy: listens,
    executor: { metricsListen: ANY_PORT, probeListen: ANY_PORT },
  };
}

/**
 * A port that stays free while the page is down: below those the kernel gives
 * to connections (32768) and those the other tests take (20000).
 */
async function freePort() {
  for (let port = 12000 + process.pid % 4000; port < 20000; port += 1) {
    const server = createServer();
    const taken = await new Promise((resolve) => {
      server.once('error', resolve);
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(null)));
    });
    if (!taken) return port;
  }
  throw new Error('no free port');
}

/** Fails with `what` if `promise` takes longer than the tests wait. */
export function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${PATIENCE_MS / 1000} s: ${what}`)), PATIENCE_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** See the top of this file. */
export class Stack {
  /** Starts all services and makes the people. */
  static async start() {
    const stack = new Stack();
    stack.directory = mkdtempSync(join(tmpdir(), 'airlock-web-'));
    stack.state = join(stack.directory, 'state');
    stack.config = join(stack.directory, 'airlock.json');
    const page = `127.0.0.1:${await freePort()}`;
    stack.address = `http://${page}`;
    writeFileSync(join(stack.directory, 'session.key'), Buffer.from(Array.from({ length: 32 }, (_, at) => at * 7 % 256)), { mode: 0o600 });
    writeFileSync(stack.config, JSON.stringify(configFor(stack.directory, page)));
    await stack.up();
    stack.tokens = stack.makePeople();
    await within(stack.peopleAreKnown(), 'the services know the people');
    return stack;
  }

  async up() {
    this.process = spawn(AIRLOCK, ['up', '--state', this.state, '--config', this.config], { stdio: ['ignore', 'pipe', 'pipe'] });
    let log = '';
    this.process.stderr.on('data', (data) => { log += data; });
    const ready = new Promise((resolve, reject) => {
      createInterface({ input: this.process.stdout }).on('line', (line) => line.startsWith('ready') && resolve());
      this.process.once('exit', () => reject(new Error(`airlock up ended: ${log}`)));
      this.process.once('error', reject);
    });
    try {
      await within(ready, 'airlock up is ready');
    } catch (error) {
      this.process.kill('SIGKILL');
      throw error;
    }
  }

  makePeople() {
    const tokens = {};
    for (const [role, ids] of Object.entries(PEOPLE)) {
      for (const id of ids) {
        const out = join(this.directory, `${id}.token`);
        const made = spawnSync(AIRLOCK, ['tokens', 'create', '--file', join(this.state, 'tokens.json'), '--id', id, '--role', role, '--out', out]);
        if (made.status !== 0) throw new Error(`airlock tokens create: ${made.stderr}`);
        tokens[id] = readFileSync(out, 'utf8').trim();
      }
    }
    return tokens;
  }

  // Services read a changed file of tokens after a while. Asked by gRPC: who
  // tries to sign in too often has to wait.
  async peopleAreKnown() {
    const last = join(this.directory, 'audrey.token');
    const known = () => spawnSync(AIRLOCK, ['approvals', 'ls', '--state', this.state, '--token-file', last]).status === 0;
    while (!known()) await new Promise((resolve) => setTimeout(resolve, 250));
  }

  // Begins an execution and leaves it alone once `found` has what it wants of
  // its events: it goes on without its watcher.
  async begin(actionArguments, found) {
    const running = spawn(AIRLOCK, ['run', '--state', this.state, '-o', 'json', ...actionArguments], { stdio: ['ignore', 'pipe', 'pipe'] });
    let errors = '';
    running.stderr.on('data', (data) => { errors += data; });
    const result = new Promise((resolve, reject) => {
      createInterface({ input: running.stdout }).on('line', (line) => {
        const what = found(JSON.parse(line));
        if (what) resolve(what);
      });
      running.once('exit', () => reject(new Error(`airlock run ended: ${errors}`)));
      running.once('error', reject);
    });
    try {
      return await within(result, 'the execution has begun');
    } finally {
      running.kill('SIGKILL');
    }
  }

  /**
   * Asks a question.
   * @param {{kind: string, code?: string, language?: string, argv?: string[]}} action
   * @returns {Promise<{id: string, executionId: string}>}
   */
  ask(action) {
    const asked = ({ approval }) => approval && { id: approval.id, executionId: approval.executionId };
    if (action.kind === 'system_command') return this.begin(['--', ...action.argv], asked);
    const file = join(this.directory, `code-${process.hrtime.bigint()}`);
    writeFileSync(file, action.code);
    return this.begin(['--lang', action.language, '--file', file], asked);
  }

  /**
   * Runs a command in a session to its end.
   * @param {string} session
   * @param {string[]} argv
   */
  runIn(session, argv) {
    const ran = spawnSync(AIRLOCK, ['run', '--state', this.state, '--session', session, '--', ...argv]);
    if (ran.status !== 0) throw new Error(`airlock run: ${ran.stderr}`);
  }

  /**
   * Begins to write a file in a session; the promise holds when that is over,
   * with the exit code.
   * @param {string} target Such as "work:notes.txt".
   * @param {string} content
   * @returns {Promise<number>}
   */
  write(target, content) {
    const file = join(this.directory, `file-${process.hrtime.bigint()}`);
    writeFileSync(file, content);
    const writing = spawn(AIRLOCK, ['files', 'cp', '--state', this.state, file, target], { stdio: 'ignore' });
    return new Promise((resolve, reject) => {
      writing.once('exit', resolve);
      writing.once('error', reject);
    });
  }

  /** The id of an execution that runs, has written something and goes on. */
  running() {
    let id = '';
    return this.begin(['--', 'sh', '-c', "printf '\\033[32mgreen\\033[0m \\342\\200\\256turned <b>bold</b>\\n'; sleep 50"], (event) => {
      id = event.accepted?.id || id;
      return event.output ? { id } : undefined;
    });
  }

  /** Stops everything and starts it again with the same state and address. */
  async restart() {
    await this.down();
    await this.up();
  }

  async down() {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    this.process.removeAllListeners('exit');
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill('SIGTERM');
    try {
      await within(ended, 'airlock up has ended');
    } finally {
      this.process.kill('SIGKILL');
    }
  }

  /** Ends everything that was started. */
  async stop() {
    await this.down();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Starts the stack that the environment names. */
export async function startStack() {
  const other = process.env.AIRLOCK_WEB_STACK;
  const { Stack: Chosen } = other ? await import(other) : { Stack };
  return Chosen.start();
}
