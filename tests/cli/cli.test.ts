import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { main } from '@sallyport/cli';
import test from 'ava';

const bin = new URL('../../infra/cli/bin/sallyport.js', import.meta.url).pathname;

/** What the command printed and how it ended. */
async function sallyport(...words: string[]) {
  let [out, err] = ['', ''];
  const terminal = {
    stdout: {
      write: (text: string) => {
        out += text;
      },
    },
    stderr: {
      write: (text: string) => {
        err += text;
      },
    },
  };
  return { code: await main(words, terminal), out, err };
}

test('without a word it lists its commands and fails; asked for help it succeeds', async (t) => {
  const bare = await sallyport();
  const help = await sallyport('--help');
  t.is(bare.code, 64);
  t.is(help.code, 0);
  t.is(bare.out, help.out);
  t.regex(help.out, /bench .*\n.*contracts asyncapi/);
});

test('an unknown command is named, and where to find the known ones', async (t) => {
  const { code, err } = await sallyport('frobnicate', 'now');
  t.is(code, 64);
  t.is(err, "sallyport: no command 'frobnicate now'; sallyport --help lists them\n");
});

for (const [words, complaint] of [
  [['bench'], 'name at least one suite'],
  [['bench', 'nothing'], "no suite 'nothing'"],
  [['bench', 'bus', '--rounds', '0'], "--rounds takes a whole number from 1, got '0'"],
  [['bench', 'bus', '--round-ms', 'x'], "--round-ms takes a whole number from 1, got 'x'"],
  [['bench', '--fast'], "Unknown option '--fast'"],
  [['contracts', 'asyncapi', 'extra'], "Unexpected argument 'extra'"],
] as const) {
  test(`words that are off are refused with the rule: ${words.join(' ')}`, async (t) => {
    const { code, err } = await sallyport(...words);
    t.is(code, 64);
    t.true(err.includes(complaint), err);
    t.true(err.includes('sallyport '), 'the usage is shown');
  });
}

test('contracts asyncapi prints the document that is kept in the repository', async (t) => {
  const { code, out } = await sallyport('contracts', 'asyncapi');
  const kept = readFileSync(new URL('../../infra/docs/asyncapi.json', import.meta.url), 'utf8');
  t.is(code, 0);
  t.deepEqual(JSON.parse(out), JSON.parse(kept));
});

test('the program runs from a shell', (t) => {
  const { status, stdout } = spawnSync(process.execPath, [bin, '--help'], { encoding: 'utf8' });
  t.is(status, 0);
  t.regex(stdout, /^sallyport <command>/);
});

const oldNode = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map((dir) => join(dir, 'node'))
  .find((node) => {
    const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' });
    return /^v(1\d|2[0-5])\./.test(stdout ?? '');
  });

(oldNode === undefined ? test.skip : test)('an old Node is told what it lacks', (t) => {
  const { status, stderr } = spawnSync(oldNode as string, [bin, '--help'], { encoding: 'utf8' });
  t.is(status, 78);
  t.regex(stderr, /needs Node 26 or newer, this is v\d+/);
});
