import { section } from './section.ts';

const lua = String.raw;

section(
  '§2.8 Metatables: arithmetic, concatenation and length events, and which operand is asked first',
  lua`
    local m = {__add = function(a, b) return "add" end} local t = setmetatable({}, m) print(t + 1, 1 + t, t + t, t + "x", pcall(function() return {} + t end))
    for _, op in ipairs{"add", "sub", "mul", "div", "mod", "pow"} do local m = {["__" .. op] = function(a, b) return op, "dropped" end} local t = setmetatable({}, m) local s = ({add = "+", sub = "-", mul = "*", div = "/", mod = "%", pow = "^"})[op] print(loadstring("local t = ... return t " .. s .. " 2, 2 " .. s .. " t")(t)) end
    local t = setmetatable({}, {__unm = function(a, b) return rawequal(a, b) end}) print(-t)
    local t = setmetatable({}, {__concat = function(a, b) return (type(a) == "table" and "T" or a) .. "&" .. (type(b) == "table" and "T" or b) end}) print(t .. "x", "x" .. t, t .. t, 1 .. t, "a" .. "b" .. t, t .. "a" .. "b")
    local t = setmetatable({}, {__concat = function(a, b) return nil end}) print(t .. "x")
    local a = setmetatable({}, {__add = function() return "a" end}) local b = setmetatable({}, {__add = function() return "b" end}) print(a + b, b + a)
    local t = setmetatable({1, 2}, {__len = function() return 42 end}) print(#t)
    local t = setmetatable({}, {__add = 5}) print(t + 1)
    local t = setmetatable({}, {__add = setmetatable({}, {__call = function(self, a, b) return b end})}) print(t + 7)
    local t = setmetatable({}, {}) print(t + 1)
    local t = setmetatable({}, {}) print(t .. "x")
    local t = setmetatable({}, {__add = function(a, b) error("boom") end}) print(t + 1)
    local t = setmetatable({}, {__add = function(a, b) return end}) print(t + 1)
    = "10" + setmetatable({}, {__add = function(a, b) return a, b end})
    = 2 ^ setmetatable({}, {__pow = function(a, b) return a end})
    `,
);

section(
  '§2.8 Metatables: __eq, __lt and __le, and when they are not asked',
  lua`
    local m = {__eq = function(a, b) return true end} local a, b = setmetatable({}, m), setmetatable({}, m) print(a == b, a ~= b, a == 1, a == {}, rawequal(a, b))
    local a, b = setmetatable({}, {__eq = function() return true end}), setmetatable({}, {__eq = function() return true end}) print(a == b)
    local f = function() return 1 end local a, b = setmetatable({}, {__eq = f}), setmetatable({}, {__eq = f}) print(a == b, a ~= b)
    local m = {__eq = function() return nil end} local a, b = setmetatable({}, m), setmetatable({}, m) print(a == b, a == a)
    local m = {__lt = function(a, b) return a.v < b.v end} local a, b = setmetatable({v = 1}, m), setmetatable({v = 2}, m) print(a < b, a > b, a <= b, a >= b)
    local m = {__le = function(a, b) return a.v <= b.v end} local a, b = setmetatable({v = 1}, m), setmetatable({v = 1}, m) print(a <= b, a >= b)
    local m = {__le = function(a, b) return true end} local a, b = setmetatable({}, m), setmetatable({}, m) print(a < b)
    local m = {__lt = function(a, b) return 1 end} local a, b = setmetatable({}, m), setmetatable({}, m) print(a < b, not (a < b))
    local a, b = setmetatable({}, {__lt = function() return true end}), setmetatable({}, {__lt = function() return true end}) print(a < b)
    local m = {__lt = function() return true end} print(setmetatable({}, m) < 1)
    local m = {__lt = function() return true end} print(setmetatable({}, m) < {})
    local m = {__lt = function() return true end} print(1 < setmetatable({}, m))
    `,
);

section(
  '§2.8 Metatables: __index and __newindex as tables and functions, chains, and raw access',
  lua`
    local t = setmetatable({}, {__index = {x = 1}}) print(t.x, t.y, rawget(t, "x"))
    local t = setmetatable({}, {__index = function(t, k) return k, "dropped" end}) print(t.abc, t[1], (t[true]))
    local a = {x = "a"} local b = setmetatable({y = "b"}, {__index = a}) local c = setmetatable({z = "c"}, {__index = b}) print(c.x, c.y, c.z, c.w)
    local t = setmetatable({}, {__newindex = function(t, k, v) rawset(t, k, v * 2) end}) t.x = 5 print(t.x) t.x = 7 print(t.x)
    local store = {} local t = setmetatable({}, {__newindex = store}) t.x = 5 print(rawget(t, "x"), store.x)
    local t = setmetatable({x = 1}, {__newindex = function() error("read only") end}) t.x = 2 print(t.x) print(pcall(function() t.y = 1 end))
    local t = setmetatable({}, {__index = 5}) print(pcall(function() return t.x end))
    local t = setmetatable({}, {__index = "abc"}) print(t.len == string.len, t.x)
    local t = setmetatable({}, {__newindex = 5}) t.x = 1
    local t = setmetatable({}, {__index = true}) print(t.x)
    local t = {} setmetatable(t, {__index = t}) print(pcall(function() return t.x end))
    local t = {} setmetatable(t, {__newindex = t}) print(pcall(function() t.x = 1 end))
    local a, b = {}, {} setmetatable(a, {__index = b}) setmetatable(b, {__index = a}) print(pcall(function() return a.x end))
    local t = setmetatable({}, {__index = function(t, k) t[k] = k .. "!" return t[k] end}) print(t.a, rawget(t, "a"))
    = ("x").len == string.len, ("abc").x, ("x").y
    string.shout = function(s) return s:upper() .. "!" end print(("abc"):shout())
    = #setmetatable({1, 2, 3}, {__index = {4, 5, 6, 7}})
    local t = setmetatable({}, {__index = function(_, k) return k * 2 end}) print(t[1], t[2.5])
    local t = setmetatable({nil, 2}, {__index = function() return "default" end}) print(t[1], t[2], t[3])
    local P = {} P.__index = P function P.new(x) return setmetatable({x = x}, P) end function P:get() return self.x end local C = setmetatable({}, {__index = P}) C.__index = C function C:get() return P.get(self) + 1 end print(P.new(1):get(), setmetatable({x = 5}, C):get())
    `,
);

section(
  '§2.8 Metatables: __call, __tostring, __metatable and __mode',
  lua`
    local t = setmetatable({}, {__call = function(self, a, b) return a, b, self end}) local a, b, s = t(1, 2) print(a, b, s == t)
    local t = setmetatable({}, {__call = 5}) t()
    local t = setmetatable({}, {__call = setmetatable({}, {__call = function() return "nested" end})}) print(pcall(t))
    = pcall(setmetatable({}, {__call = function(_, x) return x end}), 7)
    local t = setmetatable({}, {__tostring = function() return "me" end}) print(tostring(t), t) print(pcall(string.format, "%s", t))
    local t = setmetatable({}, {__tostring = function() return 5 end}) print(tostring(t) == 5, type(tostring(t)))
    local t = setmetatable({}, {__tostring = function() return {} end}) print(t)
    local t = setmetatable({}, {__tostring = function() return nil end}) print(pcall(print, t))
    local t = setmetatable({}, {__tostring = function() error("no") end}) print(pcall(tostring, t))
    local t = setmetatable({}, {__metatable = "locked"}) print(getmetatable(t), pcall(setmetatable, t, {}))
    local t = setmetatable({}, {__metatable = false}) print(getmetatable(t), pcall(setmetatable, t, {}))
    local t = setmetatable({}, {}) print(type(getmetatable(t)), getmetatable({}), getmetatable(1), getmetatable(nil), type(getmetatable("")))
    = getmetatable("").__index == string, getmetatable("").__name
    local m = {} local t = setmetatable({}, m) print(getmetatable(t) == m, setmetatable(t, nil) == t, getmetatable(t))
    local t = setmetatable({}, {__mode = "k"}) t[{}] = 1 t.x = 2 print(t.x)
    local calls = {} local t = setmetatable({}, {__index = function(_, k) calls[#calls + 1] = k end}) local _ = t.a, t.b print(#calls, calls[1])
    for k, v in setmetatable({}, {__call = function(_, s, c) if c == nil then return 1, "v" end end}) do print(k, v) end
    = tostring(setmetatable({}, {__tostring = function(x) return type(x) end}))
    `,
);

section(
  '§2.9 Environments: getfenv, setfenv and the globals that a function sees',
  lua`
    = getfenv(0) == _G, getfenv(1) == _G, getfenv() == _G, getfenv(print) == _G
    local function f() return x end setfenv(f, {x = "env"}) print(f(), x)
    setfenv(1, {print = print}) x = 5 print(x, _G)
    local e = setmetatable({}, {__index = _G}) setfenv(1, e) y = 1 print(e.y, _G.y)
    local f = loadstring("a = 1 return a") local e = {} setfenv(f, e) print(f(), e.a, a)
    local function make() return function() return v end end setfenv(make, {v = 1}) print(make()())
    local function f() return function() return v end end local g = f() setfenv(f, {v = 1}) print(g(), f()())
    = setfenv(print, {})
    = pcall(setfenv, print, {})
    = pcall(setfenv, 1)
    = pcall(setfenv, 100, {})
    = pcall(getfenv, 100)
    = pcall(getfenv, -1)
    = pcall(setfenv, {}, {})
    = pcall(getfenv, "x")
    local f = function() end print(setfenv(f, {}) == f, type(getfenv(f)))
    local function f() setfenv(2, {print = print, tag = "callee changed me"}) end f() print(tag)
    local t = {} local f = setfenv(function() return function(...) x = ... end end, t) f()(3) print(t.x, x)
    local env = setmetatable({}, {__index = function(_, k) return "global " .. k end, __newindex = function(t, k, v) rawset(t, k, v .. "!") end}) local f = setfenv(function() a = "set" return a, b end, env) print(f())
    `,
);

section(
  '§2.10 Garbage collection: collectgarbage answers, and weak tables and newproxy exist',
  lua`
    = type(collectgarbage("count")), collectgarbage(), collectgarbage("collect")
    = collectgarbage("stop"), collectgarbage("restart")
    = pcall(collectgarbage, "nothing")
    = type(collectgarbage("step")), type(collectgarbage("setpause", 200)), type(collectgarbage("setstepmul", 200))
    = type(gcinfo())
    local p = newproxy(true) getmetatable(p).__len = function() return 7 end getmetatable(p).__index = function(_, k) return k end print(#p, p.x, type(p))
    local p = newproxy() print(getmetatable(p), type(p))
    local p = newproxy(true) local q = newproxy(p) print(getmetatable(p) == getmetatable(q), p == q)
    = pcall(newproxy, 5)
    `,
);

section(
  '§2.11 and §5.2 Coroutines: create, resume, yield, status, running and wrap',
  lua`
    local co = coroutine.create(function(a, b) print(a, b) local c = coroutine.yield(a + b) print(c) return "end", 1 end) print(coroutine.resume(co, 1, 2)) print(coroutine.resume(co, "x")) print(coroutine.resume(co)) print(coroutine.status(co))
    local co co = coroutine.create(function() print(coroutine.status(co)) coroutine.yield() end) print(coroutine.status(co)) coroutine.resume(co) print(coroutine.status(co)) coroutine.resume(co) print(coroutine.status(co))
    local function foo(a) print("foo", a) return coroutine.yield(2 * a) end local co = coroutine.create(function(a, b) print("co-body", a, b) local r = foo(a + 1) print("co-body", r) local r, s = coroutine.yield(a + b, a - b) print("co-body", r, s) return b, "end" end) print("main", coroutine.resume(co, 1, 10)) print("main", coroutine.resume(co, "r")) print("main", coroutine.resume(co, "x", "y")) print("main", coroutine.resume(co, "x", "y"))
    local co = coroutine.create(function() error("oops") end) print(coroutine.resume(co)) print(coroutine.status(co)) print(coroutine.resume(co))
    local co = coroutine.create(function() error({1}) end) local ok, e = coroutine.resume(co) print(ok, type(e), e[1])
    local co = coroutine.create(function() local x = nil; x() end) print(coroutine.resume(co))
    local f = coroutine.wrap(function(...) print(...) while true do print(coroutine.yield()) end end) f(1, 2) f(3) f()
    local f = coroutine.wrap(function() return 1 end) print(f()) print(pcall(f))
    local f = coroutine.wrap(function() error("in wrap") end) print(pcall(f))
    local f = coroutine.wrap(function() error({}) end) local ok, e = pcall(f) print(ok, type(e))
    local f = coroutine.wrap(function() error("in wrap") end) ⏎ ⏎ f()
    = coroutine.running()
    local co co = coroutine.create(function() print(coroutine.running() == co) end) coroutine.resume(co)
    local co co = coroutine.create(function() return coroutine.resume(co) end) print(coroutine.resume(co))
    local co co = coroutine.wrap(function() return pcall(co) end) print(co())
    local outer = coroutine.create(function() local inner = coroutine.create(function() coroutine.yield("inner") end) print(coroutine.resume(inner)) coroutine.yield("outer") print(coroutine.resume(inner)) print(coroutine.status(inner)) end) print(coroutine.resume(outer)) print(coroutine.resume(outer))
    local a a = coroutine.create(function() local b = coroutine.create(function() print(coroutine.status(a)) print(coroutine.resume(a)) end) coroutine.resume(b) end) coroutine.resume(a)
    coroutine.yield(1)
    = pcall(coroutine.yield, 1)
    = pcall(coroutine.create)
    = pcall(coroutine.create, 5)
    = pcall(coroutine.create, print)
    = pcall(coroutine.resume, 5)
    = pcall(coroutine.status, nil)
    = pcall(coroutine.wrap, {})
    local gen = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end) for i in gen do io.write(i, " ") end print()
    local function perm(a, n) n = n or #a if n <= 1 then coroutine.yield(a) else for i = 1, n do a[n], a[i] = a[i], a[n] perm(a, n - 1) a[n], a[i] = a[i], a[n] end end end for p in coroutine.wrap(function() perm{1, 2, 3} end) do io.write(table.concat(p, ","), " ") end print()
    local co = coroutine.create(function(...) return select("#", ...), ... end) print(coroutine.resume(co, nil, nil))
    local co = coroutine.create(function(...) return select("#", coroutine.yield()) end) coroutine.resume(co) print(coroutine.resume(co, nil, nil, nil))
    local co = coroutine.create(coroutine.yield) print(coroutine.resume(co, 1, 2)) print(coroutine.resume(co, 3, 4)) print(coroutine.status(co))
    local co = coroutine.create(print) print(coroutine.resume(co, "a")) print(coroutine.status(co))
    local co = coroutine.wrap(function() local t = {} for i = 1, 5 do t[i] = coroutine.yield(i) end return table.concat(t, ",") end) print(co(), co("a"), co("b"), co("c"), co("d"), co("e"))
    local co = coroutine.create(function() return pcall(error, "x") end) print(coroutine.resume(co))
    local function rec(n) if n == 0 then coroutine.yield("bottom") else rec(n - 1) end return n end local co = coroutine.create(rec) print(coroutine.resume(co, 50)) print(coroutine.resume(co))
    local x = 0 local co = coroutine.wrap(function() while true do x = x + 1 coroutine.yield(x) end end) for i = 1, 1000 do co() end print(x)
    local cos = {} for i = 1, 200 do cos[i] = coroutine.wrap(function() coroutine.yield(i) return -i end) end local s = 0 for i = 1, 200 do s = s + cos[i]() end for i = 1, 200 do s = s + cos[i]() end print(s)
    local co = coroutine.create(function() coroutine.yield(setfenv(1, {x = 1}) and nil) end) print(coroutine.resume(co))
    = type(coroutine.create(function() end)), tostring(coroutine.create(print)):match("^thread: 0x%x+$") ~= nil
    `,
);
