import { setImmediate as turn } from 'node:timers/promises';
import { LuaError } from '@sallyport/lua';
import test from 'ava';
import { run, waitingEnvironment } from './world.ts';

/** Place of a waiting host call → a script that makes one there, and what it must return. */
const PLACES: Record<string, [source: string, ...expected: unknown[]]> = {
  'an expression': ['return later(1) + later(2)', 3],
  'nested calls': [
    'local function f(n) if n == 0 then return later("deep") end return (f(n - 1)) end return f(100)',
    'deep',
  ],
  'a tail call': [
    'local function f(...) return later(...) end return f(1, nil, 3)',
    1,
    undefined,
    3,
  ],
  'a function under pcall': [
    'return pcall(function() return later("in pcall") end)',
    true,
    'in pcall',
  ],
  'pcall itself': ['return pcall(later, 1, 2)', true, 1, 2],
  'pcall in pcall after an error': [
    'return pcall(function() pcall(error) later() error(later("x"), 0) end)',
    false,
    'x',
  ],
  'a function under xpcall': [
    'return xpcall(function() return later("in xpcall") end, print)',
    true,
    'in xpcall',
  ],
  'a handler of xpcall': [
    'return xpcall(function() error("e", 0) end, function(e) return later(e .. " handled") end)',
    false,
    'e handled',
  ],
  __index: [
    'return setmetatable({}, {__index = function(_, k) return later(k) end}).field',
    'field',
  ],
  'an __index chain': [
    'local a = setmetatable({}, {__index = function(_, k) return later(k) end}) return setmetatable({}, {__index = a}).x',
    'x',
  ],
  __newindex: [
    'local t = setmetatable({}, {__newindex = function(t, k, v) rawset(t, k, later(v * 2)) end}) t.x = 4 return t.x',
    8,
  ],
  __call: ['return setmetatable({}, {__call = function(_, a) return later(a) end})(5)', 5],
  __concat: [
    'return setmetatable({}, {__concat = function(_, b) return later("cat" .. b) end}) .. "s"',
    'cats',
  ],
  'three operands of __concat': [
    'return "a" .. "b" .. setmetatable({}, {__concat = function(a) return later(a) end})',
    'ab',
  ],
  __unm: ['return -setmetatable({}, {__unm = function() return later("minus") end})', 'minus'],
  __eq: [
    'local m = {__eq = function() return later(true) end} return setmetatable({}, m) == setmetatable({}, m)',
    true,
  ],
  __lt: [
    'local m = {__lt = function() return later(true) end} return setmetatable({}, m) < setmetatable({}, m)',
    true,
  ],
  __le: [
    'local m = {__le = function() return later(false) end} return setmetatable({}, m) <= setmetatable({}, m)',
    false,
  ],
  '__le by __lt': [
    'local m = {__lt = function() return later(false) end} return setmetatable({}, m) <= setmetatable({}, m)',
    true,
  ],
  'a condition': [
    'local m = {__lt = function() return later(nil) end} if setmetatable({}, m) < setmetatable({}, m) then return 1 else return 2 end',
    2,
  ],
  '__tostring by tostring': [
    'return tostring(setmetatable({}, {__tostring = function() return later("text") end}))',
    'text',
  ],
  'a generic for': [
    'local n = 0 for i in function(_, i) i = (i or 0) + 1 return later(i <= 3 and i or nil) end do n = n + i end return n',
    6,
  ],
  'a host function as iterator': [
    'local n = 0 for i in later, nil, nil do n = n + 1 end return n',
    0,
  ],
  'bounds of a numeric for': [
    'local n = 0 for i = later(1), later(3), later(1) do n = n + later(i) end return n',
    6,
  ],
  'conditions of while and repeat': [
    'local n = 0 while later(n) < 3 do n = n + 1 end repeat n = n + 1 until later(n) >= 5 return n',
    5,
  ],
  'a comparator of table.sort': [
    'local t = {3, 1, 2} table.sort(t, function(a, b) return later(a < b) end) return t[1], t[2], t[3]',
    1,
    2,
    3,
  ],
  '__lt in table.sort': [
    'local m = {__lt = function(a, b) return later(a.n < b.n) end} local t = {} for i = 1, 3 do t[i] = setmetatable({n = 4 - i}, m) end table.sort(t) return t[1].n',
    1,
  ],
  'a function of gsub': [
    'return (("a-b"):gsub("%w", function(c) return later(c .. c) end))',
    'aa-bb',
  ],
  'a host function of gsub': ['return (("a-b"):gsub("%w", later))', 'a-b'],
  '__index of a table of gsub': [
    'return (("a-b"):gsub("%w", setmetatable({}, {__index = function(_, k) return later(k:upper()) end})))',
    'A-B',
  ],
  'table.foreach': ['return table.foreach({5}, function(k, v) return later(k + v) end)', 6],
  'a reader of load': [
    'local parts = {"return ", "7"} local i = 0 return load(function() i = i + 1 return later(parts[i]) end)()',
    7,
  ],
  'a loaded chunk': ['return loadstring("return later(...)")(8)', 8],
  'a chunk of require': [
    'package.preload.m = function(name) return later(name .. "!") end return require("m")',
    'm!',
  ],
  'a coroutine': [
    'local co = coroutine.wrap(function(a) local b = coroutine.yield(later(a)) return later(b) end) return co(1), co(2)',
    1,
    2,
  ],
  'a coroutine in a coroutine': [
    'return coroutine.wrap(function() return coroutine.wrap(function() coroutine.yield(later(1)) end)() + later(2) end)()',
    3,
  ],
  'a coroutine under pcall': [
    'local co = coroutine.create(function() return pcall(function() coroutine.yield(later(1)) error(later("e"), 0) end) end) local _, a = coroutine.resume(co) local _, ok, e = coroutine.resume(co) return a, ok, e',
    1,
    false,
    'e',
  ],
  'a coroutine that is an iterator': [
    'local n = 0 for i in coroutine.wrap(function() for i = 1, 3 do coroutine.yield(later(i)) end end) do n = n + i end return n',
    6,
  ],
};

for (const event of ['add', 'sub', 'mul', 'div', 'mod', 'pow']) {
  const sign = { add: '+', sub: '-', mul: '*', div: '/', mod: '%', pow: '^' }[event];
  PLACES[`__${event}`] = [
    `return setmetatable({}, {__${event} = function(_, b) return later(b) end}) ${sign} 5`,
    5,
  ];
}

for (const [place, [source, ...expected]] of Object.entries(PLACES)) {
  test(`a host call may wait in ${place}`, async (t) => {
    t.deepEqual(await run(source), expected);
  });
}

test('what print writes waits for __tostring', async (t) => {
  let printed = '';
  const environment = waitingEnvironment({ print: (text) => (printed += text) });
  await run(
    'print(setmetatable({}, {__tostring = function() return later("waited") end}), 2)',
    environment,
  );
  t.is(printed, 'waited\t2\n');
});

test('a resolver of required files may wait, and so may the file', async (t) => {
  const environment = waitingEnvironment({
    path: '/scripts/?.lua',
    resolve: async (path) => {
      await turn();
      return path === '/scripts/mod.lua' ? 'local name = ... return {v = later(name)}' : undefined;
    },
  });
  t.deepEqual(await run('return require("mod").v, require("mod") == require("mod")', environment), [
    'mod',
    true,
  ]);
});

test('a rejected host call is an error of Lua at its line, which pcall catches', async (t) => {
  t.deepEqual(await run('return pcall(function()\n fails("no such host")\nend)'), [
    false,
    'script:2: no such host',
  ]);
  t.deepEqual(await run('local ok, e = pcall(fails, "direct") return ok, e'), [false, 'direct']);
  t.deepEqual(
    await run(
      'return xpcall(function() fails("x") end, function(e) return later("handled " .. e) end)',
    ),
    [false, 'handled script:1: x'],
  );
});

test('a rejected host call that nothing catches rejects the call with its cause', async (t) => {
  const error = await t.throwsAsync(run('\nfails("gone")'), { instanceOf: LuaError });
  t.is(error?.value, 'script:2: gone');
  t.like(error?.cause, { message: 'gone' });
});

test('a coroutine that waits is still the running one when it goes on', async (t) => {
  t.deepEqual(
    await run(`
      local co
      co = coroutine.create(function()
        local before = coroutine.running() == co
        later()
        return before, coroutine.running() == co, coroutine.status(co)
      end)
      return coroutine.resume(co)`),
    [true, true, true, 'running'],
  );
});
