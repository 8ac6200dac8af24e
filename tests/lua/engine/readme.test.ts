import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';

const readme = await readFile(
  new URL('../README.md', import.meta.resolve('@sallyport/lua')),
  'utf8',
);
const examples = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code);

test('the README has examples', (t) => {
  t.true(examples.length >= 4);
});

for (const [i, code] of examples.entries()) {
  test(`example ${i + 1} of the README runs and prints what it says`, async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'lua-readme-'));
    t.teardown(() => rm(directory, { recursive: true }));
    const file = join(directory, 'example.mts');
    await writeFile(
      file,
      code.replace("'@sallyport/lua'", `'${import.meta.resolve('@sallyport/lua')}'`),
    );
    const { stdout } = await promisify(execFile)(process.execPath, [file]);
    const said = [...code.matchAll(/ \/\/ → (.*)$/gm)].map(([, text]) => text);
    t.true(said.length > 0);
    t.deepEqual(stdout.trimEnd().split('\n'), said);
  });
}
