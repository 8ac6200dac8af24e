// What `npm test` needs and a bare machine lacks. Plain JavaScript: the machine's own Node may be too old for anything else.
import { spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';

/** Programs the tests start → the Debian package that has them. */
const PROGRAMS = {
  'nats-server': 'nats-server',
  'redis-server': 'redis-server',
  'lua5.1': 'lua5.1',
  curl: 'curl',
  openssl: 'openssl',
  python3: 'python3',
  pebble: 'pebble',
};
const POLICY = '/usr/sbin/policy-rc.d';

/**
 * Installs the npm dependencies when they are missing or older than the lock file, and the Node that runs everything.
 * Install scripts of dependencies never run (.npmrc): they are strangers' code, and on a machine that lacks a library of the
 * new Node they fail. The one that is needed, which fetches Node, is run here.
 */
export function ensureDependencies(root) {
  if (!sameLock(root)) {
    say('installing the npm dependencies (npm ci) …');
    run('npm', ['ci', '--loglevel=error'], { cwd: root });
  }
  let node = tryNode(root);
  if (node.version === undefined && node.missingLibrary === undefined) {
    say('fetching Node 26 …');
    const env = { ...process.env, npm_config_ignore_scripts: 'false' };
    const cwd = join(root, 'node_modules', 'node');
    run(process.execPath, ['installArchSpecificPackage.js'], { cwd, env });
    // npm makes no link to what isn't there yet.
    const link = join(root, 'node_modules', '.bin', 'node');
    rmSync(link, { force: true });
    symlinkSync(join('..', 'node', 'bin', 'node'), link);
    node = tryNode(root);
  }
  if (node.missingLibrary !== undefined) {
    installPackages(['libatomic1'], `Node 26 needs ${node.missingLibrary}`);
    node = tryNode(root);
  }
  if (node.version?.startsWith('v26.') !== true) {
    fail(`node_modules/.bin/node must be Node 26 and is ${node.version ?? node.fault}`);
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
  if (mayInstall() || process.env.CI === 'true') {
    installPackages(packages, `not on PATH: ${missing.join(', ')}`);
  } else {
    say(
      `${missing.join(', ')} not on PATH: tests that need them are skipped. To run them, as root:\n  ${installLine(packages)}`,
    );
  }
}

/** Root on Debian or a relative of it. */
const mayInstall = () => process.getuid?.() === 0 && onPath('apt-get');
const installLine = (packages) =>
  `apt-get update && apt-get install -y --no-install-recommends ${packages.join(' ')}`;

/** Debian's packages, without any system service being started; where that can't be, ends and says how. */
function installPackages(packages, why) {
  if (!mayInstall()) fail(`${why}. As root: ${installLine(packages)}`);
  say(`${why}; installing ${packages.join(', ')} (no system service is started) …`);
  const ownPolicy = !existsSync(POLICY);
  if (ownPolicy) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    run('apt-get', ['update', '-qq'], { env });
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], { env });
  } finally {
    if (ownPolicy) rmSync(POLICY);
  }
}

/** The Node that npm brought: its version, the library it lacks, or what else is wrong with it. */
function tryNode(root) {
  const node = join(root, 'node_modules', '.bin', 'node');
  if (!existsSync(node)) return { fault: 'missing' };
  const { stdout, stderr, status } = spawnSync(node, ['--version'], { encoding: 'utf8' });
  if (status === 0) return { version: stdout.trim() };
  const missingLibrary = /(\S+): cannot open shared object file/.exec(stderr ?? '')?.[1];
  return missingLibrary === undefined
    ? { fault: `not able to run (exit ${status})` }
    : { missingLibrary };
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
