// `npm test`: sets a bare machine up, then runs the tests. Arguments go to ava; --deep asks for the full counts.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ensureDependencies, ensurePrograms } from './setup.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
ensureDependencies(root);
ensurePrograms();

const bin = join(root, 'node_modules', '.bin');
const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
const args = process.argv.slice(2).filter((arg) => arg !== '--deep');
if (args.length !== process.argv.length - 2) {
  env.SALLYPORT_DEEP = '1';
  args.push('--timeout=60m');
}

// TAP, because its lines can be counted; people are shown what failed, and a line per file would be noise.
const ava = spawn(
  join(bin, 'node'),
  [join(root, 'node_modules/ava/entrypoints/cli.js'), '--tap', ...args],
  {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => ava.kill(signal));

let [passed, failed, skipped, showing] = [0, 0, 0, false];
const reasons = new Set();
for await (const line of createInterface({ input: ava.stdout })) {
  const result = /^(not )?ok \d+ - (.*)$/.exec(line);
  if (result === null) {
    if (showing && !line.startsWith('1..') && !/^# (tests|pass|skip|fail)/.test(line))
      console.log(line);
    continue;
  }
  const [, not, title = ''] = result;
  showing = not !== undefined;
  if (/# SKIP/i.test(title)) {
    skipped += 1;
    reasons.add(/\[(.*)\]/.exec(title)?.[1] ?? title);
  } else if (showing) {
    failed += 1;
    console.log(line);
  } else {
    passed += 1;
    if (process.stdout.isTTY) process.stdout.write(`\r${passed} passed`);
  }
}
const status = await new Promise((resolve) => {
  if (ava.exitCode !== null || ava.signalCode !== null) resolve(ava.exitCode ?? 1);
  else ava.once('exit', (code) => resolve(code ?? 1));
});
// A test file that dies before its tests report must not look like success.
if (status !== 0 && failed === 0) failed = 1;
if (passed + failed === 0) {
  console.log('no test ran');
  failed = 1;
}
for (const reason of reasons) console.log(`skipped: ${reason}`);
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 ? 1 : 0;
