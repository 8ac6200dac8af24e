import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import {
  createMasterKeyFile,
  MasterKey,
  MasterKeyError,
  parseMasterKey,
  readMasterKeyFile,
} from '@sallyport/pki';
import test from 'ava';
import { tempDir } from '../world/program.ts';

const refused = { instanceOf: MasterKeyError };

test('a master key file is made once, for its owner only, and read again', async (t) => {
  await using dir = await tempDir();
  const path = join(dir.path, 'data/keys/master');
  const made = await createMasterKeyFile(path);
  t.is((await stat(path)).mode & 0o777, 0o600);
  t.is((await stat(join(dir.path, 'data/keys'))).mode & 0o777, 0o700);
  const text = await readFile(path, 'utf8');
  t.regex(text, /^spk1\.[A-Za-z0-9_-]{43}\n$/);
  t.is((await createMasterKeyFile(path)).id, made.id);
  t.is(await readFile(path, 'utf8'), text);
  t.is((await readMasterKeyFile(path)).id, made.id);
  t.is(parseMasterKey(text, 'test').id, made.id);
  t.deepEqual(await readdir(join(dir.path, 'data/keys')), ['master'], 'no draft is left');
});

test('processes that make the file at once end with the same key', async (t) => {
  await using dir = await tempDir();
  const path = join(dir.path, 'master');
  const keys = await Promise.all(Array.from({ length: 8 }, () => createMasterKeyFile(path)));
  t.is(new Set(keys.map((key) => key.id)).size, 1);
  t.deepEqual(await readdir(dir.path), ['master']);
});

test('a file that is there but broken is never replaced', async (t) => {
  await using dir = await tempDir();
  const path = join(dir.path, 'master');
  await writeFile(path, '', { mode: 0o600 });
  await t.throwsAsync(createMasterKeyFile(path), refused);
  t.is(await readFile(path, 'utf8'), '');
  t.deepEqual(await readdir(dir.path), ['master']);
});

for (const mode of [0o640, 0o604, 0o620, 0o602, 0o610, 0o644, 0o660, 0o666]) {
  test(`a master key file of mode 0${mode.toString(8)} is refused`, async (t) => {
    await using dir = await tempDir();
    const path = join(dir.path, 'master');
    await createMasterKeyFile(path);
    await chmod(path, mode);
    const error = await t.throwsAsync(readMasterKeyFile(path), refused);
    t.true(error?.message.includes(`mode 0${mode.toString(8)}`), error?.message);
    await chmod(path, 0o400);
    await t.notThrowsAsync(readMasterKeyFile(path));
  });
}

test('the mode that counts is that of the file behind a link', async (t) => {
  await using dir = await tempDir();
  const path = join(dir.path, 'master');
  await createMasterKeyFile(path);
  await symlink(path, join(dir.path, 'link'));
  await t.notThrowsAsync(readMasterKeyFile(join(dir.path, 'link')));
  await chmod(path, 0o644);
  await t.throwsAsync(readMasterKeyFile(join(dir.path, 'link')), refused);
});

test('what is no file, missing, or too long is refused by its path', async (t) => {
  await using dir = await tempDir();
  await mkdir(join(dir.path, 'folder'), { mode: 0o700 });
  await writeFile(join(dir.path, 'long'), 'x'.repeat(2000), { mode: 0o600 });
  for (const name of ['folder', 'none', 'long']) {
    const error = await t.throwsAsync(readMasterKeyFile(join(dir.path, name)), refused);
    t.true(error?.message.includes(name));
  }
});

test('text that is no master key is refused without showing it', (t) => {
  const good = `spk1.${Buffer.alloc(32, 1).toString('base64url')}`;
  t.notThrows(() => parseMasterKey(good, 'env'));
  for (const bad of [
    '',
    'x',
    good.slice(0, -1),
    `${good}A`,
    good.replace('spk1', 'spk2'),
    `${good.slice(0, -1)}F`,
    good.replaceAll('A', '+'),
    ` ${good}`,
    `${good}\n\nmore`,
  ]) {
    const error = t.throws(() => parseMasterKey(bad, 'SALLYPORT_MASTER_KEY'), refused, bad);
    t.true(error.message.includes('SALLYPORT_MASTER_KEY'));
    t.false(bad.length > 10 && error.message.includes(bad.slice(5, 15)));
  }
  for (const length of [0, 16, 31, 33, 64]) {
    t.throws(() => new MasterKey(Buffer.alloc(length)), refused);
  }
});

test('a master key doesn’t show itself when it is printed', (t) => {
  const secret = Buffer.alloc(32, 0xab);
  const key = new MasterKey(secret);
  const shown = inspect(key, { depth: 9, showHidden: true }) + JSON.stringify(key);
  t.false(shown.includes('ab ab') || shown.includes('171'));
  t.true(shown.includes(key.id));
  t.not(key.id, new MasterKey(Buffer.alloc(32, 0xac)).id);
});
