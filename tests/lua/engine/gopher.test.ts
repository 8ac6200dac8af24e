import { compile, createEnvironment, LuaSyntaxError } from '@sallyport/lua';
import test from 'ava';
import { run } from '../host/world.ts';

const gopher = () => createEnvironment({ mode: 'gopher' });

function go(source: string): Promise<unknown[]> {
  const environment = gopher();
  const program = compile(source, { name: '=script', mode: 'gopher' });
  return environment.call(environment.load(program));
}

test('gopher mode has goto: forward, backward, out of loops, and as continue', async (t) => {
  t.deepEqual(
    await go(`
      local out = {}
      for i = 1, 5 do
        if i % 2 == 0 then goto continue end
        out[#out + 1] = i
        ::continue::
      end
      local n = 0
      ::again::
      n = n + 1
      if n < 4 then goto again end
      for i = 1, 3 do for j = 1, 3 do if i * j == 4 then goto done end out[#out + 1] = i * 10 + j end end
      ::done::
      return n, table.concat(out, " ")`),
    [4, '1 3 5 11 12 13 21'],
  );
});

test('a variable declared between a label and a backward goto is a new one each time round', async (t) => {
  t.deepEqual(
    await go(`
      local fs, i = {}, 0
      ::top::
      i = i + 1
      local x = i
      fs[i] = function() x = x + 10 return x end
      if i < 3 then goto top end
      return fs[1](), fs[1](), fs[2](), fs[3]()`),
    [11, 21, 12, 13],
  );
});

test('an endless goto is stopped by the fuel', async (t) => {
  const environment = gopher();
  const program = compile('::a:: goto a', { mode: 'gopher' });
  const limits = { fuel: 100_000 };
  const error = await t.throwsAsync(environment.call(environment.load(program), [], { limits }));
  t.is((error as unknown as { reason: string }).reason, 'fuel');
});

test('a goto without its label is refused, and so is every goto in puc mode', (t) => {
  t.throws(() => compile('goto nowhere', { name: '=s', mode: 'gopher' }), {
    instanceOf: LuaSyntaxError,
    message: "s:1: no visible label 'nowhere' for goto at line 1",
  });
  t.throws(() => compile('do ::inner:: end goto inner', { name: '=s', mode: 'gopher' }), {
    message: /no visible label 'inner'/,
  });
  t.throws(() => compile('goto x', { name: '=s' }), { message: "s:1: '=' expected near 'x'" });
});

test('gopher mode words errors as gopher-lua does', async (t) => {
  t.deepEqual(await go('return pcall(function() local t; t.y = 1 end)'), [
    false,
    "script:1: attempt to index a non-table object(nil) with key 'y'",
  ]);
  t.deepEqual(await go('return pcall(function() local f = 1; f() end)'), [
    false,
    'script:1: attempt to call a non-function object',
  ]);
  t.deepEqual(await go('return pcall(function() return 1 + {} end)'), [
    false,
    'script:1: cannot perform add operation between number and table',
  ]);
});

test('gopher mode ends recursion after some 250 calls and asks __len of tables; puc mode does neither', async (t) => {
  const depth = `local n = 0 local function f() n = n + 1 return 1 + f() end
    local ok, e = pcall(f) return ok, e, n`;
  const [ok, message, count] = await go(depth);
  t.deepEqual([ok, message], [false, 'script:1: stack overflow']);
  t.true((count as number) > 200 && (count as number) <= 254);
  t.true(((await run(depth))[2] as number) > 16_000);
  const length = 'return #setmetatable({1}, {__len = function() return 42 end})';
  t.deepEqual(await go(length), [42]);
  t.deepEqual(await run(length), [1]);
});
