import { readdirSync, readFileSync } from 'node:fs';
import test from 'ava';
import { importsOf, violations } from './import-rules.ts';

const root = new URL('../../', import.meta.url);
const NOT_OURS = new Set(['node_modules', '.git', 'dist', 'data', 'coverage']);
// From the disk and not from git: new files count, and a bare machine may have no git.
const files = filesIn('');
const sources = files.filter((file) => file.endsWith('.ts'));
const read = (file: string) => readFileSync(new URL(file, root), 'utf8');
const manifest = (file: string) =>
  JSON.parse(read(file)) as {
    name: string;
    scripts?: Record<string, string>;
    dependencies?: Record<string, string>;
    devDependencies?: Record<string, string>;
  };

test('every import goes in a direction that the design draws', (t) => {
  t.deepEqual(
    sources.flatMap((file) => violations(file, read(file))),
    [],
  );
});

for (const [planted, source] of [
  ['services/edge/src/a.ts', "import { createAuth } from '@sallyport/auth';"],
  ['services/edge/src/a.ts', "import type { Auth } from '@sallyport/auth';"],
  ['services/edge/src/a.ts', "import { a } from '../../auth/src/index.ts';"],
  ['services/edge/src/a.ts', "const auth = await import('@sallyport/auth');"],
  ['libs/store/src/a.ts', "export { b } from '@sallyport/bus';"],
  ['libs/runtime/src/a.ts', "import '@sallyport/contracts';"],
  ['libs/bus/src/a.ts', "import {\n  a,\n  b,\n} from '@sallyport/admin';"],
  ['libs/contracts/src/a.ts', "import pino from 'pino';"],
  ['libs/store/src/sqlite/a.ts', "import { Redis } from 'ioredis';"],
  ['services/auth/src/a.ts', "import { connect } from '@nats-io/transport-node';"],
  ['libs/gateway/src/a.ts', "import { b } from '../../store/src/index.ts';"],
] as const) {
  test(`a planted import is found: ${planted}, ${JSON.stringify(source)}`, (t) => {
    t.is(violations(planted, source).length, 1);
  });
}

for (const [allowed, source] of [
  ['services/edge/src/a.ts', "import { Bus } from '@sallyport/bus';"],
  ['libs/script/src/a.ts', "import { run } from '@sallyport/lua';"],
  ['libs/admin/src/a.ts', "import { Health } from '@sallyport/runtime';"],
  ['infra/cli/src/a.ts', "import { createEdge } from '@sallyport/edge';"],
  ['libs/store/src/redis/a.ts', "import { Redis } from 'ioredis';\nimport '../key.ts';"],
  ['libs/contracts/src/a.ts', "// import pino from 'pino';\nimport Type from 'typebox';"],
] as const) {
  test(`a drawn import is allowed: ${allowed}, ${JSON.stringify(source)}`, (t) => {
    t.true(importsOf(source).length > 0);
    t.deepEqual(violations(allowed, source), []);
  });
}

test('no file or folder has a name that says nothing', (t) => {
  const empty = /(^|\/)(utils?|common|core|helpers?|manager|misc|shared)(\/|\.ts$)|\/types\.ts$/;
  t.deepEqual(
    files.filter((file) => empty.test(file)),
    [],
  );
});

test('no source file is longer than 400 lines', (t) => {
  const long = sources
    .filter((file) => /^(libs|services|infra)\//.test(file))
    .filter((file) => read(file).split('\n').length > 401);
  t.deepEqual(long, []);
});

test('every workspace says in a README what it is for', (t) => {
  const silent = files
    .filter((file) => /^(libs|services|infra)\/[^/]+\/package\.json$/.test(file))
    .map((file) => file.replace('package.json', 'README.md'))
    .filter((file) => !files.includes(file));
  t.deepEqual(silent, []);
});

test('every dependency has an exact version, and the lock file names no download address', (t) => {
  const loose = files
    .filter((file) => file.endsWith('package.json') && !file.startsWith('tests/'))
    .flatMap((file) => {
      const { dependencies, devDependencies } = manifest(file);
      return Object.entries({ ...dependencies, ...devDependencies })
        .filter(
          ([name, range]) => !/^\d+\.\d+\.\d+$/.test(range) && !name.startsWith('@sallyport/'),
        )
        .map(([name, range]) => `${file}: ${name} ${range}`);
    });
  t.deepEqual(loose, []);
  t.notRegex(read('package-lock.json'), /https?:\/\/[^"]*\.tgz/);
});

function filesIn(folder: string): string[] {
  return readdirSync(new URL(folder, root), { withFileTypes: true }).flatMap((entry) => {
    if (NOT_OURS.has(entry.name)) return [];
    return entry.isDirectory() ? filesIn(`${folder}${entry.name}/`) : [`${folder}${entry.name}`];
  });
}
