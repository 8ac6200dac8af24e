import { createEnvironment, LuaError } from '@sallyport/lua';
import test from 'ava';
import { run, waitingEnvironment } from '../host/world.ts';

test('recursion far beyond the JavaScript stack goes on, also through waits and errors at its bottom', async (t) => {
  t.deepEqual(
    await run(`
      local function down(n, f) if n == 0 then return f() end local r = down(n - 1, f) return r end
      return down(15000, function() return later("bottom") end),
        select(2, pcall(down, 15000, function() error("deep", 0) end)),
        down(5, function() return "up" end)`),
    ['bottom', 'deep', 'up'],
  );
});

test('a coroutine may yield from any depth and be resumed into it', async (t) => {
  t.deepEqual(
    await run(`
      local function down(n) if n == 0 then coroutine.yield("yielded") return later("waited") end
        local r = down(n - 1) return r end
      local co = coroutine.create(down)
      local _, a = coroutine.resume(co, 5000)
      local _, b = coroutine.resume(co)
      return a, b, coroutine.status(co)`),
    ['yielded', 'waited', 'dead'],
  );
});

test('tail calls take no room: a million of them, between functions, by methods and through pcall', async (t) => {
  t.deepEqual(
    await run(`
      local a, b
      function a(n) if n == 0 then return "end", n end return b(n - 1) end
      function b(n) return a(n) end
      local o = {} function o:go(n) if n == 0 then return self == o end return self:go(n - 1) end
      return a(500000), o:go(300000), pcall(function() return a(100000) end)`),
    ['end', true, true, 'end', 0],
  );
});

test('the depth of calls is one for all of a thread: after an error it is what it was', async (t) => {
  t.deepEqual(
    await run(`
      local function depth() local n = 0 while debug.getinfo(n + 1, "l") do n = n + 1 end return n end
      local before = depth()
      for i = 1, 200 do pcall(function() local function f() error({}) end f() end) end
      for i = 1, 50 do coroutine.resume(coroutine.create(function() error("x") end)) end
      return depth() - before`),
    [0],
  );
});

test('maxDepth decides where "stack overflow" begins', async (t) => {
  const environment = createEnvironment({ maxDepth: 50 });
  const [, message, n] = await run(
    'local n = 0 local function f() n = n + 1 return 1 + f() end local ok, e = pcall(f) return ok, e, n',
    environment,
  );
  t.is(message, 'script:1: stack overflow');
  t.true((n as number) > 40 && (n as number) <= 50);
});

test('an uncaught error leaves with the call chain of the script', async (t) => {
  const error = await t.throwsAsync(
    run(
      'local function inner()\n error("broken")\nend\nfunction outer()\n inner()\nend\nouter()',
      waitingEnvironment(),
    ),
    { instanceOf: LuaError },
  );
  t.is(error?.message, 'script:2: broken');
  t.is(
    error?.traceback,
    "stack traceback:\n\tscript:2: in function 'inner'\n\tscript:5: in function 'outer'\n\tscript:7: in main chunk\n\t[C]: ?",
  );
});

test('a handler of xpcall has room to look at a stack overflow', async (t) => {
  t.deepEqual(
    await run(`
      local function f() return 1 + f() end
      local ok, text = xpcall(f, function(m) return debug.traceback(m) end)
      return ok, text:match("^[^\\n]*"), #text > 500, (select(2, pcall(f)))`),
    [false, 'script:2: stack overflow', true, 'script:2: stack overflow'],
  );
});
