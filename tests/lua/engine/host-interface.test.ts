import {
  compile,
  createEnvironment,
  hostFunction,
  hostGenerator,
  LuaError,
  LuaTable,
  type LuaValue,
  Userdata,
} from '@sallyport/lua';
import test from 'ava';
import { run, waitingEnvironment } from '../host/world.ts';

function withHost(functions: Record<string, LuaValue>) {
  const environment = waitingEnvironment();
  for (const [name, fn] of Object.entries(functions)) environment.globals.set(name, fn);
  return environment;
}

test('a host function gives one value, several, none, or a promise of them', async (t) => {
  const environment = withHost({
    one: hostFunction('one', () => 'a'),
    several: hostFunction('several', () => [1, undefined, 3]),
    none: hostFunction('none', () => []),
    promised: hostFunction('promised', async () => ['x', 'y']),
  });
  t.deepEqual(
    await run('return select("#", none()), one(), select("#", several()), promised()', environment),
    [0, 'a', 3, 'x', 'y'],
  );
});

test("a host function's error has the script's line; a LuaError keeps its value", async (t) => {
  const table = new LuaTable();
  const environment = withHost({
    breaks: hostFunction('breaks', () => {
      throw new Error('no route to höst');
    }),
    raises: hostFunction('raises', () => {
      throw new LuaError(table);
    }),
  });
  t.deepEqual(await run('return pcall(function()\n breaks() end)', environment), [
    false,
    'script:2: no route to h\xc3\xb6st',
  ]);
  t.is((await run('return select(2, pcall(raises))', environment))[0], table);
});

test('a host generator calls Lua and waits, both inside pcall and a coroutine of the script', async (t) => {
  const environment = withHost({
    with_span: hostGenerator('with_span', function* (context, [name, f]) {
      const before = yield* context.wait(Promise.resolve('begin'));
      const [result] = yield* context.call(f, [`${before} ${String(name)}`]);
      return [result, 'end'];
    }),
  });
  t.deepEqual(
    await run(
      `local co = coroutine.wrap(function()
         return pcall(with_span, "a", function(s) coroutine.yield(s) return later(s .. "!") end)
       end)
       return co(), co()`,
      environment,
    ),
    ['begin a', true, 'begin a!', 'end'],
  );
});

test('userdata has methods by its metatable and can be told from others', async (t) => {
  const mt = new LuaTable();
  const methods = new LuaTable();
  mt.set('__index', methods);
  mt.set('__metatable', 'locked');
  methods.set(
    'name',
    hostFunction('name', (_context, [self]) => (self as Userdata).value as string),
  );
  const environment = withHost({ server: new Userdata('mx1', mt) });
  t.deepEqual(await run('return server:name(), type(server), getmetatable(server)', environment), [
    'mx1',
    'userdata',
    'locked',
  ]);
  t.deepEqual(await run('return pcall(function() return server.x.y end)', environment), [
    false,
    "script:1: attempt to index field 'x' (a nil value)",
  ]);
});

test('a host function sees the data of the call it runs in and what the script was doing', async (t) => {
  const environment = withHost({
    who: hostFunction('who', ({ data }) => data as string),
    where: hostFunction('where', (context) => context.traceback()),
  });
  const source = environment.load(
    compile('local function f() return (where()) end return who(), f()', { name: '=s' }),
  );
  const [who, where] = await environment.call(source, [], { data: 'tenant 7' });
  t.is(who, 'tenant 7');
  t.is(where, "stack traceback:\n\ts:1: in function 'f'\n\ts:1: in main chunk\n\t[C]: ?");
});

test('a host function may call into the same environment while the script runs', async (t) => {
  const environment = createEnvironment();
  environment.globals.set(
    'again',
    hostFunction('again', (_context, [f, n]) => environment.call(f, [n])),
  );
  t.deepEqual(
    await run(
      'return again(function(n) return n + 1, (again(function() return "in" end)) end, 4)',
      environment,
    ),
    [5, 'in'],
  );
});
