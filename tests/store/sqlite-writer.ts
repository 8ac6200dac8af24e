// A process to be killed: opens the store at argv[2] and does as argv[3] says.
//   <n>   moves money between accounts as fast as it can, n at a time, until it is killed; 0 only opens and closes
//   full  writes until the disk is full, then reports what it could keep
import { systemClock } from '@sallyport/runtime';
import type { Store } from '@sallyport/store';
import { openSqliteStore } from '@sallyport/store/sqlite';
import { transfers } from './bank.ts';

const [, , path = '', what = ''] = process.argv;

async function fill(store: Store): Promise<void> {
  const space = store.space('full');
  let kept = 0;
  let error = '';
  for (let i = 0; i < 200 && error === ''; i += 1) {
    const result = await space
      .commit({
        put: [{ key: ['p', String(i)], value: new Uint8Array(100_000), format: 1 }],
        count: [{ key: ['p', 'n'], add: 1 }],
      })
      .catch((reason: { code: string }) => reason.code);
    if (typeof result === 'string') error = result;
    else kept += 1;
  }
  const [counted] = await space.counters([['p', 'n']]);
  if (counted !== kept) throw new Error(`${counted} counted, ${kept} acknowledged`);
  process.stdout.write(JSON.stringify({ kept, error }));
}

await using store = await openSqliteStore({ path, clock: systemClock });
if (what === 'full') await fill(store);
else await transfers(store, Number(what), (line) => void process.stdout.write(`${line}\n`));
