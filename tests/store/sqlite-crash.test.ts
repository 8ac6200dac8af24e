import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '@sallyport/runtime';
import { openSqliteStore } from '@sallyport/store/sqlite';
import test from 'ava';
import { deep } from '../world/deep.ts';
import { startProgram, tempDir } from '../world/program.ts';
import { until } from '../world/until.ts';
import { audit } from './bank.ts';

const writer = fileURLToPath(new URL('./sqlite-writer.ts', import.meta.url));
const ROUNDS = deep ? 40 : 4;

test('kill -9 amid a storm of commits leaves each one whole or absent, and every acknowledged one', async (t) => {
  await using dir = await tempDir();
  const path = join(dir.path, 'store.db');
  const acknowledged = new Set<string>();
  const delivered = new Set<string>();
  for (let round = 0; round < ROUNDS; round += 1) {
    await using child = startProgram(process.execPath, [writer, path, '8']);
    // A different moment in each round.
    const enough = 50 + round * 37;
    await until(() => child.output().split('\n').length > enough || gone(child), 'it commits');
    await child.stop('SIGKILL');
    t.is(child.child.signalCode, 'SIGKILL', child.output());
    for (const [, id = ''] of child.output().matchAll(/^ack (\S+)\n/gm)) acknowledged.add(id);

    await using store = await openSqliteStore({ path, clock: systemClock });
    t.deepEqual(await audit(store.space('bank'), acknowledged, delivered), []);
    t.true(acknowledged.size > round * 10);
  }
});

const gone = ({ child }: { child: { exitCode: number | null } }) => child.exitCode !== null;
