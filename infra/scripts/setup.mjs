// What `npm test` needs and a bare machine lacks. Plain JavaScript: the machine's own Node may be too old for anything else.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Programs the tests start → the Debian package that has them. */
const PROGRAMS = {
  'nats-server': 'nats-server',
  'redis-server': 'redis-server',
  'lua5.1': 'lua5.1',
  openssl: 'openssl',
  pebble: 'pebble',
};
const POLICY = '/usr/sbin/policy-rc.d';

/** Installs the npm dependencies when they, or the Node version they bring, are missing. */
export function ensureDependencies(root) {
  if (nodeOf(root)?.startsWith('v26.')) return;
  say('installing the npm dependencies (npm ci) …');
  run('npm', ['ci', '--loglevel=error'], { cwd: root });
  const version = nodeOf(root);
  if (!version?.startsWith('v26.')) {
    fail(
      `node_modules/.bin/node is ${version ?? 'missing'}, and Node 26 is needed: it comes with \`npm ci\` unless install scripts are off (--ignore-scripts)`,
    );
  }
}

/**
 * Installs the missing brokers when this is root on Debian or a relative of it; otherwise says how. Never starts a
 * system service: a policy refuses it while the packages are set up.
 */
export function ensurePrograms() {
  const missing = Object.keys(PROGRAMS).filter((program) => !onPath(program));
  if (missing.length === 0) return;
  const packages = missing.map((program) => PROGRAMS[program]);
  const line = `apt-get update && apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  if (process.getuid?.() === 0 && onPath('apt-get')) {
    say(`installing ${packages.join(', ')} (no system service is started) …`);
    const ownPolicy = !existsSync(POLICY);
    if (ownPolicy) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
    try {
      const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
      run('apt-get', ['update', '-qq'], { env });
      run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], { env });
    } finally {
      if (ownPolicy) rmSync(POLICY);
    }
  } else if (process.env.CI === 'true') {
    fail(`${missing.join(', ')} not on PATH, and CI=true asks for every test; as root: ${line}`);
  } else {
    say(
      `${missing.join(', ')} not on PATH: tests that need them are skipped. To run them, as root:\n  ${line}`,
    );
  }
}

/** The version that `node_modules/.bin/node` says it is; undefined where there is none. */
function nodeOf(root) {
  const node = join(root, 'node_modules', '.bin', 'node');
  if (!existsSync(node) || !sameLock(root)) return undefined;
  return spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout?.trim();
}

/** Whether what is installed was installed from the present lock file: every version in it is the one on disk. */
function sameLock(root) {
  const hidden = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(hidden)) return false;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const found = JSON.parse(readFileSync(hidden, 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, { version, optional, link }]) =>
      !path.includes('node_modules/') || optional || link || found[path]?.version === version,
  );
}

function onPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((dir) => {
    try {
      accessSync(join(dir, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function run(command, args, options) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', ...options });
  if (status !== 0)
    fail(`${command} ${args.join(' ')} failed: ${error?.message ?? `exit ${status}`}`);
}

function say(text) {
  console.error(`# ${text}`);
}

function fail(text) {
  say(text);
  process.exit(1);
}
