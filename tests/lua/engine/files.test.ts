import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEnvironment, LuaError, LuaSyntaxError } from '@sallyport/lua';
import test from 'ava';
import { run } from '../host/world.ts';

const FILES: Record<string, string> = {
  './mod.lua': 'local name = ... return {name = name, n = (n or 0) + 1}',
  './dir/sub.lua':
    'module(..., package.seeall) function hi() return "hi from " .. _NAME, _PACKAGE end',
  './bad.lua': 'x = = 1',
  './loop.lua': 'return require("loop")',
  './plain.lua': '#!/usr/bin/lua\nreturn "plain", debug.getinfo(1, "l").currentline',
};

const environment = () => createEnvironment({ resolve: (path) => FILES[path] });

test('require finds a file by package.path, runs it once and gives what it returned', async (t) => {
  t.deepEqual(
    await run('local a = require("mod") return a.name, a.n, require("mod") == a', environment()),
    ['mod', 1, true],
  );
});

test('module makes a table under its dotted name', async (t) => {
  t.deepEqual(await run('require("dir.sub") return dir.sub.hi()', environment()), [
    'hi from dir.sub',
    'dir.',
  ]);
});

test('what require does not find, or can not load, it says with all it tried', async (t) => {
  const failing = async (source: string) =>
    (await t.throwsAsync(run(source, environment()), { instanceOf: LuaError }))?.value;
  t.is(
    await failing('require("none.such")'),
    "script:1: module 'none.such' not found:\n\tno field package.preload['none.such']\n\tno file './none/such.lua'",
  );
  t.is(
    await failing('require("bad")'),
    "error loading module 'bad' from file './bad.lua':\n\t./bad.lua:1: unexpected symbol near '='",
  );
  t.regex(String(await failing('require("loop")')), /loop or previous error loading module 'loop'/);
});

test('dofile and loadfile go through the resolver; a first line for Unix is skipped', async (t) => {
  t.deepEqual(await run('return dofile("./plain.lua")', environment()), ['plain', 2]);
  t.deepEqual(await run('return loadfile("./none.lua")', environment()), [
    undefined,
    'cannot open ./none.lua: No such file or directory',
  ]);
  t.deepEqual(await run('return loadfile("./bad.lua")', environment()), [
    undefined,
    "./bad.lua:1: unexpected symbol near '='",
  ]);
});

test('what only a precompiled chunk could be is refused', async (t) => {
  t.deepEqual(await run('return loadstring("\\27Lua")'), [
    undefined,
    '[string "\x1bLua"]: precompiled chunks are refused',
  ]);
  const error = await t.throwsAsync(run('string.dump(function() end)'), { instanceOf: LuaError });
  t.regex(String(error?.value), /dump/);
  t.true(new LuaSyntaxError('x') instanceof Error);
});

test('without the switch there is no io; with streams only, no file can be opened', async (t) => {
  t.deepEqual(await run('return io'), [undefined]);
  let written = '';
  const streams = createEnvironment({
    io: { input: 'line 1\nline 2' },
    print: (text) => {
      written += text;
    },
  });
  t.deepEqual(
    await run(
      'io.write("a", 1, "\\n") return io.read(), io.read("*a"), io.open("/etc/passwd")',
      streams,
    ),
    ['line 1', 'line 2', undefined, '/etc/passwd: Permission denied', 13],
  );
  t.is(written, 'a1\n');
});

test('with files allowed, io reads, writes, appends, seeks and closes', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'lua-io-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const files = createEnvironment({ io: { files: true } });
  files.globals.set('path', join(directory, 'file'));
  t.deepEqual(
    await run(
      `local f = assert(io.open(path, "w")) f:write("one\\ntwo\\n", 3) f:close()
       f = io.open(path, "a") f:write("\\n4") f:close()
       local lines = {} for line in io.lines(path) do lines[#lines + 1] = line end
       f = io.open(path) local size = f:seek("end") f:seek("set", 4) local word = f:read(3) f:close()
       return table.concat(lines, "|"), size, word, io.type(f), pcall(f.read, f)`,
      files,
    ),
    ['one|two|3|4', 11, 'two', 'closed file', false, 'attempt to use a closed file'],
  );
});
