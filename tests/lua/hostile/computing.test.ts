import test from 'ava';
import { stopped } from './stopping.ts';

/** What keeps computing → the script. */
const SCRIPTS: Record<string, string> = {
  'an endless while': 'while true do end',
  'an endless repeat': 'repeat until false',
  'an endless numeric for': 'for i = 1, 1/0 do end',
  'a numeric for without a step': 'for i = 1, 0, 0 do end',
  'an endless generic for': 'for x in function() return 1 end do end',
  'a loop of protected loops': 'while true do pcall(function() while true do end end) end',
  'a handler that loops': 'xpcall(error, function() while true do end end)',
  'a loop in a coroutine': 'coroutine.wrap(function() while true do end end)()',
  'coroutines in coroutines':
    'local function f() coroutine.wrap(f)() end while true do pcall(f) end',
  'endless new coroutines':
    'while true do coroutine.resume(coroutine.create(function() coroutine.yield() end)) end',
  'a coroutine resumed for ever':
    'local co = coroutine.wrap(function() while true do coroutine.yield() end end) while true do co() end',
  'tail calls for ever': 'local function f() return f() end f()',
  'mutual tail calls under pcall':
    'local a, b function a() return b() end function b() return a() end while true do pcall(a) end',
  'recursion caught and begun again':
    'local function f() return 1 + f() end while true do pcall(f) end',
  'recursion by pcall': 'local function f() pcall(f) return 1 end while true do f() end',
  'an __index function that asks again':
    'local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k] end while true do pcall(function() return t.x end) end',
  'a table that is its own __index':
    'local t = {} setmetatable(t, {__index = t}) while true do pcall(function() return t.x end) end',
  'a __newindex that sets again':
    'local t = setmetatable({}, {}) getmetatable(t).__newindex = function(t, k, v) t[k] = v end while true do pcall(function() t.x = 1 end) end',
  'a __call of itself':
    'local t = setmetatable({}, {}) getmetatable(t).__call = t while true do pcall(t) end',
  'a __tostring that prints':
    'local t = setmetatable({}, {}) getmetatable(t).__tostring = function(t) return tostring(t) end while true do pcall(print, t) end',
  'a pattern of stars': '("a"):rep(30):find((".*"):rep(30) .. "b")',
  'a lazy pattern over a long text': 'local s = ("a"):rep(1e6) while true do s:find(".-.-.-b") end',
  'an anchorless pattern over a long text':
    'local s = ("a"):rep(1e6) while true do s:find("a+b") end',
  'a gsub of everything': 'local s = ("ab"):rep(1e5) while true do s:gsub("(a)(b)", "%2%1") end',
  'a gsub that calls gsub':
    'local function f() return (("aaa"):gsub("a", f)) end while true do pcall(f) end',
  'an endless gmatch':
    'local s = ("a "):rep(1e6) while true do for w in s:gmatch("%a+") do end end',
  'plain find over and over': 'local s = ("a"):rep(1e6) while true do s:find("b", 1, true) end',
  'a comparator that never agrees':
    'local t = {} for i = 1, 1e4 do t[i] = i end while true do pcall(table.sort, t, function() return true end) end',
  'a comparator that loops': 'table.sort({3, 2, 1}, function() while true do end end)',
  'sorting for ever':
    'local t = {} for i = 1, 1000 do t[i] = i % 7 end while true do table.sort(t) end',
  'sorting numbers that have no order':
    'local t = {} for i = 1, 1e6 do t[i] = i % 2 == 0 and 0/0 or i end table.sort(t) while true do end',
  'sorting millions of numbers':
    'local t, x = {}, 42 for i = 1, 2e6 do x = (x * 16807) % 2147483647 t[i] = x end table.sort(t) while true do end',
  'sorting long texts that differ in the last byte':
    'local t, s = {}, ("x"):rep(1e6) for i = 1, 60 do t[i] = s .. i end while true do table.sort(t) end',
  'equality of long texts':
    'local a, b = ("x"):rep(3e7) .. "a", ("x"):rep(3e7) .. "a" while true do local c = a == b end',
  'order of long texts':
    'local a, b = ("x"):rep(3e7) .. "a", ("x"):rep(3e7) .. "a" while true do local c = a < b end',
  'making a long text longer and looking into it':
    'local s = ("x"):rep(1e7) while true do local t = s .. "y" t:byte(1) end',
  'upper case of a text of a hundred megabytes, once':
    'local s = ("a"):rep(1e8):upper() while true do end',
  'reversing a text of a hundred megabytes, once':
    'local s = ("a"):rep(1e8):reverse() while true do end',
  'a run of a hundred million bytes in a pattern':
    'local s = ("ab"):rep(5e7) s:find("[^c]*") while true do end',
  'a pattern of millions of items':
    'local p = ("[a]"):rep(3e6) string.find("x", p) while true do end',
  'a replacement of millions of captures':
    'local r = ("%0"):rep(5e6) string.gsub("xxxxxxxxx", "x", r) while true do end',
  'a format of millions of directives':
    'local f = ("%d"):rep(5e6) pcall(string.format, f, 1) while true do end',
  'a date of millions of conversions': 'local f = ("%c"):rep(5e6) os.date(f) while true do end',
  'a number of millions of digits':
    'local s = ("z"):rep(1e7) for i = 1, 9 do tonumber(s, 36) end while true do end',
  'compiling a source of megabytes': 'loadstring(("a = 1 "):rep(1e6)) while true do end',
  'compiling a function of many variables':
    'local s = ("do local x local y = x end "):rep(3e4) loadstring(s)() while true do end',
  'compiling a long text': `loadstring("x = '" .. ("a"):rep(5e7) .. "'") while true do end`,
  'a module of millions of names':
    'local name = ("a."):rep(2e6) pcall(module, name) while true do end',
  'concatenating a large table':
    'local t = {} for i = 1, 1e4 do t[i] = "x" end while true do table.concat(t) end',
  'formatting for ever': 'while true do string.format("%99.99f", 1e300) end',
  'compiling for ever': 'while true do loadstring("return 1") end',
  'a reader that never ends': 'load(function() return " " end)',
  'unpacking for ever':
    'local t = {} for i = 1, 5000 do t[i] = i end while true do select("#", unpack(t)) end',
  'inserting at the front of a long table':
    'local t = {} for i = 1, 1e5 do t[i] = i end while true do table.insert(t, 1, 0) table.remove(t, 1) end',
  'next over removed keys':
    'local t = {} for i = 1, 1e5 do t["k" .. i] = 1 end for k in pairs(t) do t[k] = nil end while true do next(t) end',
  'reversing long texts': 'local s = ("a"):rep(1e6) while true do s:reverse() end',
  'upper case of long texts': 'local s = ("a"):rep(1e6) while true do s:upper() end',
  'bytes of long texts': 'local s = ("a"):rep(5000) while true do select("#", s:byte(1, -1)) end',
  'maxn of a large table':
    'local t = {} for i = 1, 1e5 do t[i] = i end while true do table.maxn(t) end',
  'environments changed for ever': 'while true do setfenv(function() end, {}) end',
  'error values for ever': 'while true do pcall(error, {}) end',
  'tracebacks for ever':
    'local function f(n) if n == 0 then while true do debug.traceback() end end f(n - 1) end f(100)',
};

for (const [what, source] of Object.entries(SCRIPTS)) {
  test.serial(
    `${what} is stopped within 1.5 times its computing time, while others go on`,
    async (t) => {
      await stopped(t, source);
    },
  );
}
