import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { findAccess } from '../../infra/cli/src/client/access.ts';
import { NoAnswerError, OperatorFileError } from '../../infra/cli/src/client/errors.ts';
import {
  operatorFile,
  readOperatorFile,
  writeOperatorFile,
} from '../../infra/cli/src/client/operator-file.ts';
import { UsageError } from '../../infra/cli/src/command.ts';
import { tempDir } from '../world/program.ts';

const LEFT = { url: 'http://127.0.0.1:8001', token: 'left-token' };

test('what a running system leaves is for its owner alone, and is replaced as a whole', async (t) => {
  await using dir = await tempDir();
  t.is(await readOperatorFile(dir.path), undefined);
  await writeFile(operatorFile(dir.path), '{"url":"http://old"}', { mode: 0o644 });
  await writeOperatorFile(dir.path, LEFT);
  t.deepEqual(await readOperatorFile(dir.path), LEFT);
  t.is((await stat(operatorFile(dir.path))).mode & 0o777, 0o600);
  await writeOperatorFile(dir.path, { url: 'http://127.0.0.1:9' });
  t.deepEqual(await readOperatorFile(dir.path), { url: 'http://127.0.0.1:9' });
});

test('options are stronger than the environment, which is stronger than the data directory', async (t) => {
  await using dir = await tempDir();
  await writeOperatorFile(dir.path, LEFT);
  const data = dir.path;
  const env = { SALLYPORT_URL: 'http://env:1', SALLYPORT_TOKEN: 'env-token' };
  t.deepEqual(await findAccess({ data }, {}), LEFT);
  t.deepEqual(await findAccess({}, { SALLYPORT_DATA: data }), LEFT);
  t.deepEqual(await findAccess({ data }, env), { url: 'http://env:1', token: 'env-token' });
  t.deepEqual(await findAccess({ data, url: 'https://o:2/', token: 'o' }, env), {
    ...{ url: 'https://o:2', token: 'o' },
  });
});

test('a token that was left for one system is not shown to another', async (t) => {
  await using dir = await tempDir();
  await writeOperatorFile(dir.path, LEFT);
  const data = dir.path;
  const ask = async (url: string) => (await findAccess({ data, url }, {})).token;
  t.is(await ask('http://127.0.0.1:8001/'), 'left-token');
  t.is(await ask('http://127.0.0.1:8002'), undefined);
  t.is(await ask('http://evil.example:8001'), undefined);
  t.is(await ask('https://127.0.0.1:8001'), undefined);
});

test('nothing that says where is told with all ways to say it', async (t) => {
  await using dir = await tempDir();
  const error = await t.throwsAsync(findAccess({ data: join(dir.path, 'none') }, {}), {
    instanceOf: NoAnswerError,
  });
  t.regex(error?.message ?? '', /sallyport start.*--url.*SALLYPORT_URL.*--data.*SALLYPORT_DATA/);
});

test('a file that can be nothing of ours, and URLs that are none, are refused', async (t) => {
  await using dir = await tempDir();
  for (const text of ['', '[]', '{"token":"x"}', '{"url":7}']) {
    await writeFile(operatorFile(dir.path), text);
    await t.throwsAsync(
      findAccess({ data: dir.path }, {}),
      { instanceOf: OperatorFileError },
      text,
    );
  }
  for (const url of ['127.0.0.1:8001', 'ftp://a', '']) {
    await t.throwsAsync(findAccess({ url, token: 't' }, {}), { instanceOf: UsageError }, url);
  }
});
