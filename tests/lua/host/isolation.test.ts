import { compile, createEnvironment, hostFunction, LuaTable } from '@sallyport/lua';
import test from 'ava';
import { run, waitingEnvironment } from './world.ts';

test('1,000 scripts that wait three times each in one environment get their own answers', async (t) => {
  const environment = waitingEnvironment();
  environment.globals.set(
    'ask',
    hostFunction('ask', async ({ data }, args) => {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
      return [`${data}:${args[0]}`];
    }),
  );
  const script = environment.load(
    compile(
      'local n = ... local a = ask(n) local b = ask(n + 1) local t = {a, b, ask(n + 2)} return table.concat(t, " ")',
    ),
  );
  const answers = await Promise.all(
    Array.from({ length: 1000 }, (_, n) => environment.call(script, [n], { data: `d${n}` })),
  );
  for (const [n, answer] of answers.entries()) {
    t.deepEqual(answer, [`d${n}:${n} d${n}:${n + 1} d${n}:${n + 2}`]);
  }
});

test('1,000 scripts in environments of their own, with coroutines and pcall, end up right', async (t) => {
  const program = compile(`
    x = ...
    local co = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(later(x * i)) end end)
    local sum = 0
    for v in co do sum = sum + v end
    local ok, e = pcall(function() error(later("e" .. x), 0) end)
    return sum, ok, e, x`);
  const answers = await Promise.all(
    Array.from({ length: 1000 }, (_, n) => {
      const environment = waitingEnvironment();
      return environment.call(environment.load(program), [n]);
    }),
  );
  for (const [n, answer] of answers.entries()) t.deepEqual(answer, [n * 6, false, `e${n}`, n]);
});

test('one program in two environments sees two sets of globals', async (t) => {
  const program = compile('count = (count or 0) + 1 return count');
  const [a, b] = [createEnvironment(), createEnvironment()];
  const [inA, inB] = [a.load(program), b.load(program)];
  await a.call(inA);
  t.deepEqual(await a.call(inA), [2]);
  t.deepEqual(await b.call(inB), [1]);
});

/** What a script may leave behind → how another environment would notice: it must print just what it does without. */
const TRACES: Record<string, [leave: string, look: string]> = {
  'a global': ['secret = 1', 'return secret'],
  'a field of a library table': [
    'string.secret = 1 table.secret = 1',
    'return string.secret, table.secret',
  ],
  'a replaced library function': [
    'string.upper = function() return "evil" end',
    'return ("a"):upper()',
  ],
  'a removed library function': ['table.insert = nil', 'return type(table.insert)'],
  'the string metatable': [
    'getmetatable("").__index = function() return "evil" end',
    'return ("x").y',
  ],
  'a metamethod of strings': [
    'getmetatable("").__add = function() return "evil" end',
    'return pcall(function() return "a" + "b" end)',
  ],
  'a metatable of _G': [
    'setmetatable(_G, {__index = function() return "evil" end})',
    'return anything',
  ],
  'a loaded module': [
    'package.loaded.evil = "evil" package.preload.evil2 = function() return 1 end',
    'return package.loaded.evil, package.preload.evil2',
  ],
  'the search path': ['package.path = "/evil"', 'return package.path'],
  'another _G': ['_G._G = nil _G = 5', 'return type(_G)'],
  'an environment of functions': ['setfenv(0, {})', 'return type(print)'],
  'a shape of records': [
    'local t = {x = 1, y = 2} t.x = nil t.z = 3 t.y = nil',
    'local t = {x = 1, y = 2} return t.x, t.y, t.z',
  ],
  'the seed of random numbers': ['math.randomseed(1)', 'return math.random() == math.random()'],
};

for (const [what, [leave, look]] of Object.entries(TRACES)) {
  test(`${what} left by one run isn't seen by another`, async (t) => {
    const untouched = await run(look, createEnvironment());
    const spoilt = createEnvironment();
    await run(leave, spoilt);
    t.deepEqual(await run(look, createEnvironment()), untouched);
  });
}

test("names of JavaScript's prototypes are names like others", async (t) => {
  for (const name of [
    '__proto__',
    'constructor',
    'hasOwnProperty',
    'toString',
    'prototype',
    'valueOf',
  ]) {
    const [before, field, after, length] = await run(`
      local before = ${name}
      ${name} = "global"
      local t = {${name} = 1}
      t["${name}"] = t.${name} + 1
      local r = setmetatable({}, {${name} = 1})
      local a, b = ("x").${name}, string.${name}
      return before, t.${name}, ${name}, #("${name}") + (r.${name} or 0) + (a or 0) + (b or 0)`);
    t.deepEqual([before, field, after, length], [undefined, 2, 'global', name.length]);
  }
  t.is(({} as Record<string, unknown>)['global'], undefined);
});

test('tables handed in and out are the same tables', async (t) => {
  const environment = createEnvironment();
  const table = new LuaTable();
  table.set('x', 1);
  const f = environment.load(compile('local t = ... t.x = t.x + 1 return t'));
  const [back] = await environment.call(f, [table]);
  t.is(back, table);
  t.is(table.get('x'), 2);
});
