import { section } from './section.ts';

const lua = String.raw;

section(
  '§5.1 Basic functions: type, tostring and tonumber',
  lua`
    = type()
    = type(nil), pcall(type)
    = tostring(nil), tostring(true), tostring(12), tostring("x"), tostring(-0.5)
    = pcall(tostring)
    tostring = function() return "T" end print(1, {}, "x")
    tostring = nil print(1)
    tostring = function() return 5 end print(1)
    = tostring({}):match("^table: 0x%x+$") ~= nil, tostring(print):match("^function: ") ~= nil
    = tonumber("10"), tonumber("  10  "), tonumber("10a"), tonumber(""), tonumber(" "), tonumber("0x1F"), tonumber("1e2"), tonumber("1e"), tonumber(".5"), tonumber("5."), tonumber(".")
    = tonumber(nil), tonumber(true), tonumber({}), tonumber(12)
    = tonumber("10", 2), tonumber("ff", 16), tonumber("FF", 16), tonumber("zz", 36), tonumber("8", 8), tonumber("777", 8), tonumber("1.5", 10), tonumber("1.5", 16)
    = tonumber("-ff", 16), tonumber(" 11 ", 2), tonumber("1 1", 2), tonumber("0x10", 16), tonumber("", 16)
    = tonumber("7", 7), tonumber(11, 2), tonumber("1e1", 16), tonumber("99", 10)
    = pcall(tonumber, "1", 1)
    = pcall(tonumber, "1", 37)
    = pcall(tonumber, {}, 16)
    = pcall(tonumber, nil, 16)
    = pcall(tonumber)
    = pcall(tonumber, "1", "x")
    = tonumber("0x"), tonumber("0xg"), tonumber("1_000"), tonumber("1,5"), tonumber("+5"), tonumber("- 5"), tonumber("--5"), tonumber("0x-5")
    = tonumber("inf"), tonumber("infinity") == 1/0, tonumber("-inf"), tonumber("nan") ~= tonumber("nan")
    = tonumber("1\0"), tonumber("1\n"), tonumber("\t1\v"), tonumber("1\0002")
    = tonumber("1e400"), tonumber("-1e400"), tonumber("1e-400"), tonumber("123456789012345678901234567890")
    = tostring(1e15), tostring(123456.789e3), tostring(2^63), tostring(-2^63), tostring(1e14), tostring(0.1 + 0.2), tostring(100 / 3)
    `,
);

section(
  '§5.1 Basic functions: select, unpack, next, pairs, ipairs and the raw functions',
  lua`
    = select("#"), select("#", nil), select("#", 1, nil, nil)
    = select(2, "a", "b", "c"), select(-1, "a", "b", "c"), (select(-2, "a", "b", "c"))
    = select(4, 1, 2, 3), select(1)
    = pcall(select, 0, 1)
    = pcall(select, -5, 1)
    = pcall(select)
    = pcall(select, "x")
    = select("2", "a", "b"), select(1.9, "a", "b")
    = unpack({1, 2, 3}), unpack({1, 2, 3}, 2), unpack({1, 2, 3}, 2, 3), unpack({1, 2}, 1, 4)
    = unpack({}, 1, 0), unpack({1, 2, 3}, -1, 1)
    = pcall(unpack)
    = pcall(unpack, "x")
    = pcall(unpack, {}, 1, 1e7)
    = pcall(unpack, {}, {}, 1)
    = next({}), next({10}), next({a = 1})
    local t = {1, 2, 3} local k, v = next(t, 1) print(k, v, next(t, 3))
    = pcall(next, {}, 1)
    = pcall(next)
    = pcall(next, nil)
    local t = {1, 2, 3, x = 1, y = 2} local n = 0 for k in pairs(t) do n = n + 1 t[k] = nil end print(n, next(t))
    local t = {} for i = 1, 100 do t[i] = i end for k in pairs(t) do if k % 2 == 0 then t[k] = nil end end local n = 0 for _ in pairs(t) do n = n + 1 end print(n)
    local f, s, c = pairs({1}) print(type(f), type(s), c)
    local f, s, c = ipairs({1}) print(type(f), type(s), c, f(s, 0), f(s, 1))
    = pcall(pairs)
    = pcall(ipairs, 5)
    = pcall(ipairs)
    = rawget({x = 1}, "x"), rawequal("a", "a"), rawequal({}, {}), rawset({}, "x", 1).x
    = pcall(rawget, 1, 2)
    = pcall(rawget, {})
    = pcall(rawset, {}, 1)
    = pcall(rawset, {}, nil, 1)
    = pcall(rawequal, 1)
    = _VERSION, type(_G), _G._VERSION
    local t = setmetatable({}, {__pairs = function() error("5.2 only") end}) for k in pairs(t) do end print("ok")
    = setmetatable({}, nil) ~= nil, pcall(setmetatable, {}, 5)
    = pcall(setmetatable, {})
    = pcall(getmetatable)
    for k, v in next, {a = 1} do print(k, v) end
    for i, v in ipairs(setmetatable({}, {__index = function(_, i) if i < 4 then return i * i end end})) do io.write(i, v, " ") end print()
    `,
);

section(
  '§5.1 Basic functions: load, loadstring, dofile, loadfile and syntax errors',
  lua`
    = loadstring("return 1 + 1")(), loadstring("local a, b = ... return b, a")(1, 2)
    = loadstring("x =")
    = loadstring("x =", "=name")
    = loadstring("x =", "@file.lua")
    = loadstring("x = }\n", "some\ncode")
    = loadstring("return return")
    = loadstring("for")
    = loadstring("if x then")
    = loadstring("function f(")
    = loadstring("x = 'abc")
    = loadstring("x = [[abc")
    = loadstring("x = 1e")
    = loadstring("x = 0xz")
    = loadstring("break")
    = loadstring("::label::")
    = loadstring("goto x")
    = loadstring("return ...")
    = loadstring("function f() return ... end")
    = loadstring("local function f() \n\n\n x = = end")
    = loadstring("a.b:c = 1")
    = loadstring("f(\n1\n")
    = loadstring("if a then\n\n\nelse if b then end")
    = loadstring("x = 5 5")
    = loadstring("@")
    = loadstring("x = \1")
    = loadstring("x = 'a\\400'")
    = loadstring("x = '\\")
    = loadstring("--[[ unfinished")
    = loadstring("--[==[ unfinished ]]")
    = loadstring("x = [=[ unfinished ]]")
    = loadstring("x = [= 5")
    = loadstring("x = a..")
    = loadstring("x = {1, 2")
    = loadstring("x = {[1 = 2}")
    = loadstring("local 1 = 2")
    = loadstring("return 1,")
    = loadstring("for i = 1 do end")
    = loadstring("for i, 2 in x do end")
    = loadstring("repeat x()")
    = loadstring("while x")
    = loadstring("(a) = 1")
    = loadstring("a()\n(b)()")
    = loadstring("(a).b = 1 return 1") ~= nil
    = loadstring("x = function() end end")
    = loadstring("x = not")
    = loadstring("elseif")
    = loadstring("do do do end end")
    = loadstring("local x <close> = 1")
    = loadstring("x = 3 // 2")
    = loadstring("x = 3 & 2")
    = loadstring("x != y")
    = loadstring("x += 1")
    = loadstring("")
    = loadstring("") ~= nil, loadstring("")(), loadstring("-- only a comment") ~= nil, loadstring("#!shebang")
    = pcall(loadstring)
    = pcall(loadstring, {})
    = loadstring(5)
    local parts = {"return ", "1", " + 2"} local i = 0 print(load(function() i = i + 1 return parts[i] end)())
    = load(function() return nil end) ~= nil
    = load(function() error("reader") end)
    = load(function() return {} end)
    = pcall(load)
    = pcall(load, "return 1")
    local done = false print(load(function() if done then return "" end done = true return "x = = 1" end, "=reader"))
    = pcall(dofile, "/nonexistent/file.lua")
    = loadstring("return " .. ("("):rep(100) .. "1" .. (")"):rep(100))()
    = loadstring("local " .. ("a,"):rep(199) .. "a")
    = loadstring("local " .. ("a,"):rep(200) .. "a")
    = loadstring("return " .. ("("):rep(300) .. "1" .. (")"):rep(300))
    = loadstring(("do "):rep(300) .. ("end "):rep(300))
    = loadstring("x = " .. ("{"):rep(300) .. ("}"):rep(300))
    `,
);

section(
  '§5.3 Modules: require, package.loaded, package.preload, module and package.seeall',
  lua`
    = require("string") == string, require("table") == table, package.loaded._G == _G
    package.preload.m1 = function(...) print(...) return {v = 1} end print(require("m1").v, require("m1") == require("m1"), package.loaded.m1.v)
    package.preload.m2 = function() end print(require("m2"), package.loaded.m2)
    package.preload.m3 = function() return false end print(require("m3"), require("m3"))
    package.preload.m4 = function() package.loaded.m4 = "set by itself" end print(require("m4"))
    package.preload.m5 = function() error("while loading") end print(pcall(require, "m5"))
    package.preload.m6 = function() return require("m6") end print(pcall(require, "m6"))
    = pcall(require)
    = type(package.path), type(package.cpath), type(package.loaders), type(package.preload), type(package.seeall)
    = pcall(module)
    package.loaders = 5 print(pcall(require, "nothing"))
    package.preload = 5 print(pcall(require, "nothing2"))
    local t = {} package.seeall(t) print(getmetatable(t).__index ~= nil, t.print ~= nil)
    `,
);

section(
  '§5.8 Operating system facilities: clock, date, time, difftime and getenv',
  lua`
    = type(os.time()), type(os.clock()), os.time() > 1.6e9, os.clock() >= 0
    = os.date("!%Y-%m-%d %H:%M:%S", 0), os.date("!%c", 0), os.date("!%x %X %p", 0)
    = os.date("!%a %A %b %B %d %j %m %M %S %U %w %W %y %Z %%", 86400 * 200)
    = os.date("!%H:%I:%p", 3600 * 15), os.date("!%D %e %F %T", 1e9), os.date("!%n%t|")
    local t = os.date("!*t", 1e9) print(t.year, t.month, t.day, t.hour, t.min, t.sec, t.wday, t.yday, t.isdst)
    = os.difftime(10, 5), pcall(os.difftime)
    = os.time({year = 2000, month = 1, day = 1, hour = 12}) - os.time({year = 2000, month = 1, day = 1, hour = 0})
    = os.time({year = 2001, month = 14, day = 1}) == os.time({year = 2002, month = 2, day = 1})
    = os.time({year = 2000, month = 1, day = 32}) == os.time({year = 2000, month = 2, day = 1})
    = pcall(os.time, {year = 2000})
    = pcall(os.time, {year = 2000, month = 1})
    = pcall(os.time, 5)
    = os.getenv("SALLYPORT_SURELY_NOT_SET")
    = pcall(os.getenv)
    = pcall(os.date, {})
    = os.date("", 0), os.date("!plain text", 0)
    = os.date("!a%", 0), os.date("!%%%", 0), os.date("!%%d%Y|%", 0), os.date("!%c%c", 0)
    `,
);

section(
  '§5.9 The debug library: traceback, getinfo, and the names and lines they give',
  lua`
    = debug.traceback("msg", 1):match("^msg\nstack traceback:\n") ~= nil
    = debug.traceback({}) ~= nil, type(debug.traceback({})), debug.traceback(nil) ~= "x"
    = debug.traceback("m"):match("snippet:%d+: in main chunk") ~= nil
    local function f() return debug.traceback("m") end print((f():match("snippet:1: in function 'f'")))
    = debug.getinfo(1, "S").short_src, debug.getinfo(1, "S").what, debug.getinfo(1, "l").currentline, debug.getinfo(1, "S").source
    = debug.getinfo(print).what, debug.getinfo(print, "S").short_src, debug.getinfo(print, "l").currentline
    local function f() ⏎ return debug.getinfo(1, "Sl") ⏎ end ⏎ local i = f() print(i.linedefined, i.lastlinedefined, i.currentline, i.what)
    local function f() return debug.getinfo(1, "n") end local i = f() print(i.name, i.namewhat)
    local t = {} function t.m() return debug.getinfo(1, "n") end local i = t.m() print(i.name, i.namewhat) local i = t:m() print(i.name, i.namewhat)
    function g() local i = debug.getinfo(1, "n") return i end local i = g() print(i.name, i.namewhat)
    local function f() end print(debug.getinfo(f, "f").func == f, debug.getinfo(f, "u").nups)
    = pcall(debug.getinfo)
    = pcall(debug.getinfo, 1, "?")
    = debug.getinfo(100)
    = debug.getmetatable("").__index == string, debug.getmetatable({})
    local t = setmetatable({}, {__metatable = "locked"}) print(type(debug.getmetatable(t)))
    `,
);
