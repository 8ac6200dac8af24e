import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defineConfig, secret } from '@sallyport/runtime';
import test from 'ava';
import { Type } from 'typebox';
import { configCommands } from '../../infra/cli/src/commands/config.ts';
import { tempDir } from '../world/program.ts';
import { sallyport } from './run.ts';

const shop = defineConfig(
  'shop',
  Type.Object({
    port: Type.Integer({ default: 80, minimum: 1 }),
    password: Type.Optional(secret({ minLength: 8 })),
  }),
);

async function check(args: string[], env: Record<string, string> = {}) {
  const printed = { out: '', err: '' };
  const terminal = {
    stdout: {
      write: (text: string) => {
        printed.out += text;
      },
    },
    stderr: {
      write: (text: string) => {
        printed.err += text;
      },
    },
  };
  const [command] = configCommands(async () => [shop], env);
  const code = await command?.run(args, terminal, new AbortController().signal);
  return { code, ...printed };
}

async function fileWith(text: string) {
  const dir = await tempDir();
  const path = join(dir.path, 'sallyport.yaml');
  await writeFile(path, text);
  return { ...dir, path };
}

test('a configuration without mistakes is said to be fine', async (t) => {
  await using file = await fileWith('shop:\n  port: 8080\n');
  t.deepEqual(await check([file.path]), { code: 0, out: 'the configuration is fine\n', err: '' });
  t.deepEqual(await check([file.path, '--json']), { code: 0, out: '[]\n', err: '' });
  t.is((await check([], { SALLYPORT_CONFIG: file.path })).code, 0);
});

test('every mistake is told with its place, those of the environment and of references too', async (t) => {
  await using file = await fileWith(
    'shop:\n  port: none\n  prot: 1\n  password: file:/nowhere/secret\nship: {}\n',
  );
  const env = { SALLYPORT_SHOP__COLOUR: 'red' };
  const people = await check([file.path], env);
  t.is(people.code, 78);
  t.is(people.out, '');
  t.regex(people.err, /has 5 mistakes:/);
  for (const part of [`${file.path}:2`, 'did you mean port', '/nowhere/secret', 'ship', 'COLOUR']) {
    t.true(people.err.includes(part), part);
  }
  const json = await check([file.path, '--json'], env);
  t.is(json.code, 78);
  t.is(JSON.parse(json.out).length, 5);
  t.like(
    JSON.parse(json.out).find((one: { path: string }) => one.path === 'shop.port'),
    { where: `${file.path}:2` },
  );
});

test('a file that is not there is a mistake when it was named', async (t) => {
  const { code, err } = await check(['/nowhere/sallyport.yaml']);
  t.is(code, 78);
  t.regex(err, /\/nowhere\/sallyport\.yaml.*ENOENT/);
});

test('the product’s own sections are checked without anything running', async (t) => {
  await using file = await fileWith(
    'control:\n  api:\n    port: 99999\n  max_tails: 0\nedge:\n  nonsense: true\n',
  );
  const { code, err } = await sallyport('config', 'check', file.path);
  t.is(code, 78);
  for (const path of ['control.api.port', 'control.max_tails', 'edge.nonsense']) {
    t.true(err.includes(path), err);
  }
  await using fine = await fileWith('control:\n  max_tails: 5\n');
  t.is((await sallyport('config', 'check', fine.path)).code, 0);
});
