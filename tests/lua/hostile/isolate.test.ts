import { compile, Isolate, LuaError, LuaStopError, type LuaTable } from '@sallyport/lua';
import test from 'ava';

const BOMBS: Record<string, string> = {
  'a list of tables': 'local t = {} while true do t[#t + 1] = {1, 2, 3} end',
  'kept texts': 'local t = {} while true do t[#t + 1] = (("x"):rep(1000) .. #t):upper() end',
  'closures that hold each other':
    'local f = function() end while true do local g = f f = function() return g end end',
  'a bomb under pcall': 'local t = {} while true do pcall(function() t[#t + 1] = {t} end) end',
};

for (const [what, source] of Object.entries(BOMBS)) {
  test.serial(
    `${what} without any limit of their own ends at the memory cap of the isolate; the process lives`,
    async (t) => {
      await using isolate = new Isolate({ memoryMb: 24 });
      await using other = new Isolate({ memoryMb: 24 });
      const beside = other.run('local s = 0 for i = 1, 1e6 do s = s + i end return s');
      const error = await t.throwsAsync(isolate.run(source), { instanceOf: LuaStopError });
      t.is(error?.reason, 'memory');
      t.deepEqual(await beside, [500000500000]);
      t.deepEqual(await isolate.run('return "a new worker"'), ['a new worker']);
    },
  );
}

test.serial(
  'a loop in one run of an isolate is stopped by its limit, and the run beside it ends well',
  async (t) => {
    await using isolate = new Isolate();
    await isolate.run('return 1');
    let best = Number.POSITIVE_INFINITY;
    // A machine that is busy with other tests may be late once; it isn't six times in a row.
    for (let tries = 0; tries < 6 && best >= 450; tries += 1) {
      const start = performance.now();
      const hostile = t.throwsAsync(isolate.run('while true do end', { limits: { cpu: 300 } }), {
        instanceOf: LuaStopError,
      });
      const beside = isolate.run('return 1 + 1');
      t.is((await hostile)?.reason, 'cpu');
      best = Math.min(best, performance.now() - start);
      t.deepEqual(await beside, [2]);
    }
    t.true(best < 450, `${best} ms`);
  },
);

test.serial(
  'a chunk, its entry function and compiling them have one limit together, and the run beside goes on',
  async (t) => {
    await using isolate = new Isolate({ memoryMb: 1024 });
    const loop = (ms: number) => `local e = os.clock() + ${ms / 1000} while os.clock() < e do end`;
    t.deepEqual(
      await isolate.run(`${loop(100)} function f() ${loop(100)} return 1 end`, { entry: 'f' }),
      [1],
    );
    for (const source of [
      `${loop(250)} function f() ${loop(250)} end`,
      'a = 1 '.repeat(1_000_000),
      `function f() while true do end end${' '.repeat(1000)}`,
    ]) {
      const start = performance.now();
      const hostile = t.throwsAsync(isolate.run(source, { entry: 'f', limits: { cpu: 400 } }), {
        instanceOf: LuaStopError,
      });
      const beside = isolate.run('return 1 + 1');
      t.is((await hostile)?.reason, 'cpu');
      t.true(performance.now() - start < 1400, 'before the watchdog');
      t.deepEqual(await beside, [2]);
    }
  },
);

test('a worker stuck in one step that nothing can interrupt is ended by the watchdog, and the next run has a new one', async (t) => {
  await using isolate = new Isolate({ memoryMb: 4096 });
  t.deepEqual(await isolate.run('return "ready"'), ['ready']);
  const stuck = isolate.run('return tonumber((...), 36)', {
    args: ['z'.repeat(5e8)],
    limits: { cpu: 300 },
  });
  const error = await t.throwsAsync(stuck, { instanceOf: LuaStopError });
  t.regex(String(error?.message), /no sign of life/);
  t.deepEqual(await isolate.run('return "a new worker"'), ['a new worker']);
});

test('compiling for the host ends at its limit', (t) => {
  t.throws(() => compile('a = 1 '.repeat(1_000_000), { cpu: 50 }), { instanceOf: LuaStopError });
  t.notThrows(() => compile('a = 1 '.repeat(10), { cpu: 5000 }));
});

test('the event loop of the host turns while a script in an isolate computes', async (t) => {
  await using isolate = new Isolate();
  await isolate.run('return 1');
  let turns = 0;
  const timer = setInterval(() => {
    turns += 1;
  }, 5);
  await t.throwsAsync(isolate.run('while true do end', { limits: { cpu: 200 } }));
  clearInterval(timer);
  t.true(turns >= 10, `${turns} turns`);
});

test('a host call of an isolate may take longer than the script may compute', async (t) => {
  await using isolate = new Isolate({
    functions: {
      slow: async (_context, args) => {
        await new Promise((resolve) => setTimeout(resolve, 1300));
        return args;
      },
    },
  });
  t.deepEqual(await isolate.run('return slow("worth it")', { limits: { cpu: 50 } }), ['worth it']);
});

test('values, errors and 200 runs at once cross the border of an isolate', async (t) => {
  await using isolate = new Isolate({
    functions: { 'host.add': async (_context, [a, b]) => [(a as number) + (b as number)] },
  });
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, n) =>
      isolate.run('local n = ... x = n local s = host.add(n, 1) return s, x, {n = n, "\\0\\255"}', {
        args: [n],
      }),
    ),
  );
  for (const [n, [sum, x, table]] of answers.entries()) {
    t.deepEqual([sum, x], [n + 1, n]);
    t.is((table as LuaTable).get('n'), n);
    t.is((table as LuaTable).get(1), '\0\xff');
  }
  const error = await t.throwsAsync(isolate.run('\nlocal x = nil; x.y = 1', { name: '=s' }), {
    instanceOf: LuaError,
  });
  t.is(error?.value, "s:2: attempt to index local 'x' (a nil value)");
});
