import { execFile } from 'node:child_process';
import { readFile, symlink } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { catalogue } from '@sallyport/contracts';
import test from 'ava';
import { tempDir } from '../world/program.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));

/** The machine's own Node, which the published package must run on; the house's one when there is no other. */
async function machineNode(): Promise<string> {
  const dirs = (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((d) => !d.includes('node_modules'));
  const { stdout } = await run('/bin/sh', ['-c', 'command -v node || true'], {
    env: { PATH: dirs.join(delimiter) },
  });
  return stdout.trim() || process.execPath;
}

test('the staged package is imported by the machine’s own Node and reads what this one writes', async (t) => {
  await using dir = await tempDir();
  const installed = join(dir.path, 'node_modules/@sallyport/contracts');
  await run(process.execPath, ['infra/scripts/stage-contracts.ts', installed], { cwd: root });
  await symlink(join(root, 'node_modules/typebox'), join(dir.path, 'node_modules/typebox'));

  const program = `
    import * as c from '@sallyport/contracts';
    import { createRequire } from 'node:module';
    const golden = ${await readFile(join(root, 'tests/fixtures/contracts/evt.tls.handshake-completed.v1.json'), 'utf8')};
    const writer = c.eventWriter(c.handshakeCompleted, { source: '/t', instance: 'i', epoch: 'e' });
    const bytes = c.encodeBatch(golden.examples.map((data, n) => writer.write({ id: 'x' + n, time: 0, seq: n + 1, data })));
    const read = c.decodeEvents(c.handshakeCompleted, bytes).map((e) => e.data);
    const require = createRequire(import.meta.url);
    console.log(JSON.stringify({
      same: JSON.stringify(read) === JSON.stringify(golden.examples),
      subjects: c.catalogue.map(({ subject }) => subject),
      asyncapi: require('@sallyport/contracts/asyncapi.json').asyncapi,
      schema: require('@sallyport/contracts/schemas/rpc.auth.decide.v1.reply.json').type,
    }));
  `;
  const node = await machineNode();
  const { stdout } = await run(node, ['--input-type=module', '-e', program], { cwd: dir.path });
  const { stdout: version } = await run(node, ['--version']);
  t.log(`imported by Node ${version.trim()}`);
  t.deepEqual(JSON.parse(stdout), {
    same: true,
    subjects: catalogue.map(({ subject }) => subject),
    asyncapi: '3.1.0',
    schema: 'object',
  });
  const manifest = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as object;
  t.false('private' in manifest);
  const types = await readFile(join(installed, 'lib/index.d.ts'), 'utf8');
  t.true(types.includes("from './batch.js'"), 'declarations point at JavaScript');
});
