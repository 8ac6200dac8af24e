import { compile, createEnvironment, LuaError, LuaStopError } from '@sallyport/lua';
import test from 'ava';

const MEMORY = 64 * 1024 * 1024;

/** What keeps growing → the script. */
const SCRIPTS: Record<string, string> = {
  'string.rep at once': 'return ("x"):rep(1e9)',
  'string.rep of string.rep': 'local s = "x" while true do s = s:rep(10) end',
  'string.rep caught and kept':
    'local t = {} while true do pcall(function() t[#t + 1] = ("x"):rep(1e6) .. #t end) end',
  'doubling by concatenation': 'local s = "x" while true do s = s .. s end',
  'a text longer by a byte each time':
    'local t, s = {}, ("x"):rep(1e5) while true do s = s .. "y" t[#t + 1] = s:upper() end',
  'a list': 'local t = {} while true do t[#t + 1] = {} end',
  'a list of numbers': 'local t = {} local i = 0 while true do i = i + 1 t[i] = i end',
  'a table of names': 'local t = {} local i = 0 while true do i = i + 1 t["k" .. i] = i end',
  'tables in tables': 'local t = {} while true do t = {t, t = {}} end',
  closures: 'local f = function() end while true do local g = f f = function() return g end end',
  'coroutines that are kept':
    'local t = {} while true do local co = coroutine.create(function() coroutine.yield() end) coroutine.resume(co) t[#t + 1] = co end',
  'gsub that grows': 'local s = "aaaaaaaaaa" while true do s = s:gsub("a", "aa") end',
  'table.concat of itself': 'local s = "x" while true do s = table.concat({s, s, s}) end',
  'string.format of itself': 'local s = "x" while true do s = string.format("%s%s", s, s) end',
  'results kept':
    'local t = {} while true do for w in ("some words to keep"):gmatch("%a+") do t[#t + 1] = w .. #t end end',
  globals: 'local i = 0 while true do i = i + 1 _G["g" .. i] = {i} end',
};

for (const [what, source] of Object.entries(SCRIPTS)) {
  test.serial(
    `${what} is stopped by the memory limit, and the next script has all of it again`,
    async (t) => {
      const environment = createEnvironment();
      const f = environment.load(compile(source, { name: '=hostile' }));
      const before = process.memoryUsage().rss;
      const error = await t.throwsAsync(
        environment.call(f, [], { limits: { memory: MEMORY, cpu: 10_000 } }),
        { instanceOf: LuaStopError },
      );
      t.is(error?.reason, 'memory');
      // The estimate may be off, garbage included, but not by so much that a process with room to spare dies.
      t.true(process.memoryUsage().rss - before < 6 * MEMORY);
      const [again] = await fresh('return #("x"):rep(30e6)');
      t.is(again, 30e6);
    },
  );
}

test('recursion ends at the depth limit with an error that pcall catches', async (t) => {
  const [ok, text] = await fresh('local function f(n) return 1 + f(n + 1) end return pcall(f, 0)');
  t.is(ok, false);
  t.regex(String(text), /^hostile:1: stack overflow/);
  const error = await t.throwsAsync(fresh('local function f() return 1 + f() end f()'), {
    instanceOf: LuaError,
  });
  t.regex(String(error?.value), /stack overflow/);
});

test('recursion by pcall, metamethods, gsub, sort and coroutines ends in an error, not in a crash', async (t) => {
  for (const source of [
    'local function f() local ok, e = pcall(f) if not ok then error(e, 0) end return 1 end f()',
    'local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k] end return t.x',
    'local t = setmetatable({}, {}) getmetatable(t).__concat = function(a, b) return a .. b end return t .. t',
    'local t = setmetatable({}, {}) getmetatable(t).__eq = function(a, b) return a == b end local u = setmetatable({}, getmetatable(t)) return t == u',
    'local t = setmetatable({}, {}) getmetatable(t).__tostring = function(t) return tostring(t) end return tostring(t)',
    'local function f() return (("a"):gsub("a", f)) end f()',
    'local function f() table.sort({2, 1}, f) return true end f()',
    'local function f() return coroutine.wrap(f)() end f()',
    'local function f(...) return f(1, ...) end f()',
    'local t = {} for i = 1, 200 do t = setmetatable({}, {__index = t}) end return t.x',
    'local t = setmetatable({}, {}) getmetatable(t).__call = t t()',
  ]) {
    const error = await fresh(source, { cpu: 5000 }).then(
      () => undefined,
      (e: unknown) => e,
    );
    t.true(
      error === undefined || error instanceof LuaError || error instanceof LuaStopError,
      `${source}: ${(error as Error)?.stack}`,
    );
  }
});

test('deeply nested source is refused like any mistake', async (t) => {
  for (const [open, close] of [
    ['(', ')'],
    ['{', '}'],
    ['do ', ' end'],
    ['function f() ', ' end '],
    ['if x then ', ' end '],
    ['not ', ''],
    ['- ', ''],
    ['"a" .. ', ''],
    ['f(', ')'],
    ['2 ^ ', ''],
    ['while x do ', ' end '],
    ['a.', ''],
    ['a[', ']'],
  ] as const) {
    const statement = /^(do|function|if|while)/.test(open);
    const source = statement
      ? open.repeat(100_000) + close.repeat(100_000)
      : `return ${open.repeat(100_000)}1${close.repeat(100_000)}`;
    const [ok, text] = await fresh('local f, e = loadstring(...) return f ~= nil, e', {}, [source]);
    t.is(ok, false, open);
    t.regex(String(text), /^\[string/);
  }
});

test('long but flat source is fine', async (t) => {
  const many = 20_000;
  const [sum] = await fresh(`local s = 0 ${'s = s + 1 '.repeat(many)} return s`);
  t.is(sum, many);
  const [text] = await fresh(`return ${Array.from({ length: 150 }, () => '"a"').join(' .. ')}`);
  t.is(text, 'a'.repeat(150));
  const [length] = await fresh(`local t = {${'1,'.repeat(many)}} return #t`);
  t.is(length, many);
});

function fresh(source: string, limits = {}, args: string[] = []) {
  const environment = createEnvironment({ print: () => {} });
  return environment.call(environment.load(compile(source, { name: '=hostile' })), args, {
    limits,
  });
}
