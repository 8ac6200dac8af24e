import { join } from 'node:path';
import { ManualClock } from '@sallyport/runtime';
import type { Store } from '@sallyport/store';
import { type Subject, storeConformance } from '@sallyport/store/conformance';
import { openSqliteStore } from '@sallyport/store/sqlite';
import test from 'ava';
import { tempDir } from '../world/program.ts';
import { windowProperties } from './window-model.ts';

const dir = await tempDir();
const clock = new ManualClock();
const start = () => openSqliteStore({ path: join(dir.path, 'store.db'), clock });

// One file for all cases, which run one after another: each has a space of its own, and starting a thread for each
// would take longer than most of them.
let store: Store = await start();
test.after.always(async () => {
  await store[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

async function open(): Promise<Subject> {
  const closed = await store.now().then(
    () => false,
    () => true,
  );
  if (closed) store = await start();
  return {
    store,
    // The file has one owner: a second client is a second caller of the same store.
    secondConnection: async () => store,
    advanceTime: (ms) => clock.advance(ms),
    async restart() {
      await store[Symbol.asyncDispose]();
      store = await start();
      return store;
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

storeConformance(test.serial, { name: 'SQLite', open });
windowProperties(test.serial, { name: 'SQLite', open });
