import { createEnvironment, hostFunction, type Limits, LuaStopError } from '@sallyport/lua';
import test from 'ava';
import { run } from '../host/world.ts';

/** Computes less than a slice between two waits, for ever. */
const SIPS = 'while true do for i = 1, 3000 do local x = i * i end soon() end';

async function stop(limits: Limits): Promise<LuaStopError | undefined> {
  const environment = createEnvironment();
  let waits = 0;
  environment.globals.set(
    'soon',
    hostFunction('soon', async (_context) => {
      waits += 1;
      if (waits > 1_000_000) throw new Error('the script was never stopped');
      return [];
    }),
  );
  return stopOf(run(SIPS, environment, { limits }));
}

async function stopOf(result: Promise<unknown>): Promise<LuaStopError | undefined> {
  try {
    await result;
  } catch (error) {
    if (error instanceof LuaStopError) return error;
    throw error;
  }
  return undefined;
}

test('computing in short sips between waits is counted like any other', async (t) => {
  t.is((await stop({ cpu: 100 }))?.reason, 'cpu');
  t.is((await stop({ fuel: 200_000 }))?.reason, 'fuel');
});

test('a script ended by fuel ends at the same place each time', async (t) => {
  const ends: number[] = [];
  for (let i = 0; i < 3; i += 1) {
    const environment = createEnvironment();
    await stopOf(
      run('n = 0 while true do n = n + 1 end', environment, { limits: { fuel: 50_000 } }),
    );
    ends.push(environment.globals.get('n') as number);
  }
  t.is(new Set(ends).size, 1);
  t.true((ends[0] as number) > 0);
});

test('a script that was ended while it waited does not go on when the host call answers', async (t) => {
  const environment = createEnvironment();
  const { promise, resolve } = Promise.withResolvers<string>();
  environment.globals.set(
    'slow',
    hostFunction('slow', () => promise),
  );
  const stopped = await stopOf(
    run('before = true slow() after = true', environment, { limits: { timeout: 20 } }),
  );
  t.is(stopped?.reason, 'deadline');
  resolve('too late');
  await new Promise((done) => setImmediate(done));
  t.is(environment.globals.get('before'), true);
  t.is(environment.globals.get('after'), undefined);
});
