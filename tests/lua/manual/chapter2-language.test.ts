import { section } from './section.ts';

const lua = String.raw;

section(
  '§2.1 Lexical conventions: names, strings, escapes, long brackets, numerals and comments are read as the manual says',
  lua`
    = 'alo\n123"' == "alo\n123\"", "\97lo\10\04923\"", 'a\ ⏎ b'
    = #"\0\1\2", ("\0"):byte(), #"a\0b"
    = "\a\b\f\n\r\t\v\\\"\'" == "\7\8\12\10\13\9\11\92\34\39"
    = "\065\66\x", "\300"
    = "\256"
    = "\255" == string.char(255)
    = [[a]], [==[b]]c]==], [[ ⏎ first newline skipped]], #[[ ⏎  ⏎ ]]
    = [=[]]]=], [[x]=]y]]
    = 3, 3.0, 3.1416, 314.16e-2, 0.31416E1, 0xff, 0x56, .5, 5., 0x1P4
    = 0xA, 0Xa, 1e2, 1E+2, 1e-2, 3e0
    = 3x
    = 0x
    = 1e
    = 1..2
    = 0xffffffffffffffffff, 1e400, 1e-400
    = "unfinished
    = 'unfinished ⏎ '
    = [[unfinished
    = [=[unfinished]]
    = "a\ ⏎ b"
    print(1) -- comment ⏎ print(2) --[[ long ⏎ comment ]] print(3) --[==[ ]] ]==] print(4)
    --[[ unfinished comment
    print(1) --[==[ unfinished
    local and = 1
    local end1, _x, _VERSION1, Function = 1, 2, 3, 4 print(end1, _x, _VERSION1, Function)
    x = @
    x = $y
    x = 5 ! 3
    x = a.b.5
    x = ~1
    goto = 1 print(goto)
    = a.and
    = "\z"
    #!shebang in the middle
    = -- ⏎ 1
    x = } y
    local t = {["end"] = 1} print(t["end"]) print(t.end)
    = 08, 010, 1e05, 0x010
    = 1 --comment at the end of file
    = '\'', "\"", '\"', "\'"
    = 5 .. 6, 5 ..6
    = 5..6
    `,
);

section(
  '§2.2 Values and types: type names, coercions between strings and numbers, identity of tables and functions',
  lua`
    = type(nil), type(true), type(1), type("x"), type(print), type({}), type(coroutine.create(print)), type(io.stdout)
    = "10" + 1, "10" * "2", 10 .. 20, "0x10" + 0, " 10 " + 1, "1e1" * 1
    = "abc" + 1
    = "" + 1
    = "10" == 10, 0 == -0, "0" == 0
    = "2" < "12", 2 < 12, "a" < "b", "a" < "A", "" < "a", "a\0b" < "a\0c", "Z" < "a", "a" < "aa"
    = 2 < "12"
    = "10" + {}
    = 1 .. {}
    = nil .. "x"
    = true .. ""
    local t = {} local u = {} print(t == u, t == t, print == print, function() end == function() end)
    = 1/0, -1/0, 0/0 ~= 0/0, 2^53, 2^53 + 1, 1e15, 1e14, 123456789012345, 12345678901234, 0.1, 1/3, -1.5e-10
    = 100, 1e100, 1e5, 123.456, -0.001, 1e-5, 3.14159265358979, 1e14 + 0.5, 99999999999999, 100000000000000
    = 10 / 2, 3.0, 7 % 3, 2^2, 10 % 3.5, -7 % 3, 7 % -3, -7 % -3, 5.5 % 2
    = tostring(10) == "10", tostring(-1.50), tostring(1e300 * 1e10)
    local t = {} t[1] = "a" t[1.0] = "b" t["1"] = "c" print(t[1], t["1"], #t)
    local t = {} t[0] = 1 t[-0] = 2 print(t[0]) t[2^53] = 3 print(t[2^53])
    local t = {} t[nil] = 1
    local t = {} t[0/0] = 1
    local t = {} print(t[nil], t[0/0])
    = #"", #"abc", #{1, 2, 3}, #{}, #{n = 1}
    = #5
    = #nil
    local function f() return 1, 2, 3 end local t = {f(), f()} print(#t, (f()))
    = not nil, not 0, not "", not false
    = "abc" < 1
    = {} < {}
    = print < print
    = nil > 1
    = 1 >= "x"
    = {} <= 1
    local a = "x" print(a.y, a.len, a:len(), ("x").rep)
    local a = 5 print(a.x)
    local a a.x = 1
    local a = true a.x = 1
    local a = "x" a.x = 1
    = 1e308 * 10, -1e308 * 10, 5 % 0 ~= 5 % 0, 5 / 0, -5 / 0, 0 % 5, 5 % (1/0), -5 % (1/0)
    = 2^0.5, 4^0.5, (-2)^2, -2^2, 2^-1, 2^3^2, 10^2
    = "5" * "4", "3" - 1, -"2", "7" % "4", "2" ^ "3", 10 / "4"
    = - "abc"
    = -{}
    = -nil
    `,
);

section(
  '§2.3 Variables and §2.4.3 Assignment: globals, fields, multiple assignment and the order of evaluation',
  lua`
    = x, _G.x, _G._G == _G
    x = 1 print(x, _G.x, _G["x"]) _G.y = 2 print(y)
    local a, b, c = 1, 2 print(a, b, c) a, b, c = 0, 1, 2, 3 print(a, b, c)
    local i, a = 3, {} i, a[i] = i + 1, 20 print(i, a[3], a[4])
    local x, y = 1, 2 x, y = y, x print(x, y)
    local function f() return 1, 2, 3 end local a, b, c, d = 0, f() print(a, b, c, d)
    local function f() return 1, 2, 3 end local a, b, c, d = f(), 10 print(a, b, c, d)
    local function f() return 1, 2, 3 end local a, b = (f()) print(a, b)
    local function f() end local a, b = f() print(a, b) print(f(), 1) print((f()))
    local t = {} t.a, t.b = 1, 2 print(t.a, t.b) t.a, t.b = t.b, t.a print(t.a, t.b)
    local a <const> = 1
    x = x + 1
    t.x = 1
    t.x.y = 1
    local t = {} t.x.y = 1
    local t = {} t.x.y.z = 1
    local t = {x = {}} t.x.y.z = 1
    a, b = 1
    f() = 1
    (a) = 1
    a.b:c = 1
    a + b = 1
    local t = {1, 2, 3} local i = 1 i, t[i] = 2, "changed" print(i, t[1], t[2])
    do local a = {} local b = a a.x, a = 1, nil print(b.x, a) end
    local a = {} a[1], a[2], a[3] = (function() return 1, 2, 3 end)() print(a[1], a[2], a[3])
    a.b["c"].d = 5
    local up = 1 local function f() up = up + 1 return up end print(f(), f(), up)
    local t = setmetatable({}, {__index = function(_, k) return k .. "!" end}) local a, b = t.x, t[1] print(a, b)
    `,
);

section(
  '§2.4 Statements: chunks, blocks, control structures, for loops, break, return and calls as statements',
  lua`
    do local x = 1 print(x) end print(x)
    ;
    print(1);;
    print(1); print(2);
    local i = 0 while i < 3 do i = i + 1 if i == 2 then break end end print(i)
    local i = 0 repeat local j = i i = i + 1 until j == 2 print(i)
    if nil then print(1) elseif false then print(2) elseif 0 then print(3) else print(4) end
    if not x then print("no x") end
    for i = 1, 3 do io.write(i, " ") end print()
    for i = 3, 1 do print(i) end print("none")
    for i = 3, 1, -1 do io.write(i, " ") end print()
    for i = 1, 2, 0.25 do io.write(i, " ") end print()
    for i = 1, 0.9 do print(i) end for i = 1, 1 do print("once") end
    for i = "1", "3" do io.write(i, " ") end print()
    for i = 1, 3 do local i = i * 2 io.write(i, " ") end print()
    for i = 1, 3 do i = i * 10 io.write(i, " ") end print()
    for i = 1, 10, 0 do print("never") break end
    for i = "a", 3 do end
    for i = 1, {} do end
    for i = 1, 2, "x" do end
    for i = nil, 2 do end
    for i = 1 do end
    for i, j = 1, 2 do end
    for i in 5 do end
    for i in nil do end
    for i in {} do end
    for k, v in pairs({10, 20, 30}) do io.write(k, "=", v, " ") end print()
    for k, v in ipairs({10, 20, nil, 40}) do io.write(k, "=", v, " ") end print()
    for k in next, {5} do print(k) end
    for a, b, c, d in function(s, i) if i < 2 then return i + 1, s, 7 end end, "state", 0 do print(a, b, c, d) end
    for k, v in pairs(nil) do end
    for i = 1/0, 1 do end print("done")
    for i = 1, 3 do local f = function() return i end if i == 2 then print(f()) end end
    local fs = {} for i = 1, 3 do fs[i] = function() i = i + 1 return i end end print(fs[1](), fs[1](), fs[2](), fs[3]())
    local fs, i = {}, 0 while i < 3 do i = i + 1 local j = i fs[i] = function() j = j + 1 return j end end print(fs[1](), fs[1](), fs[2]())
    local fs = {} for _, v in ipairs({1, 2}) do fs[v] = function() return v end end print(fs[1](), fs[2]())
    break
    while true do break print(1) end
    for i = 1, 2 do do break end end print("ok")
    function f() break end
    return 1 print(2)
    do return end print("unreachable")
    local function f() do return 1 end return 2 end print(f())
    return
    print("x") return 1, 2
    if x then
    while true do
    repeat until
    for i = 1, 2 print(i) end
    end
    until true
    else
    x
    x.y
    "string"
    5
    f
    f()
    print "call" print [[call]] print {} == nil
    local s = "x" print(s:upper():lower(), #s:rep(3))
    ("x"):upper()
    print(("%d"):format(3)) local f = print f"s" f{} f[[l]]
    f ⏎ ()
    local x = print ⏎ (1)
    print ⏎ ⏎ (1)
    local function fact(n) if n <= 1 then return 1 end return n * fact(n - 1) end print(fact(10), fact(20))
    local function loop(n) if n == 0 then return "done" end return loop(n - 1) end print(loop(100000))
    local a = {f = function(self, x) return self == x end} print(a:f(a), a.f(a, 1))
    do do do print(1) end end end
    repeat local done = true until done print(done)
    while 1 do break end print("w")
    for i = 10, 1, -3 do io.write(i, ",") end print()
    for i = 0.1, 1, 0.3 do io.write(i, ",") end print()
    for i = 1, 3 do if i == 2 then else io.write(i) end end print()
    `,
);

section(
  '§2.4.7 Local declarations and §2.6 Visibility rules: shadowing, scopes, upvalues, limits',
  lua`
    local x = 10 do local x = x print(x) x = x + 1 do local x = x + 1 print(x) end print(x) end print(x)
    local x = 1 local x = x + 1 print(x)
    local f = function() return f end print(f())
    local function f() return f end print(f() == f)
    local a = {} local x = 20 for i = 1, 10 do local y = 0 a[i] = function() y = y + 1 return x + y end end print(a[1](), a[1](), a[2]())
    local x, x = 1, 2 print(x)
    local a, a, b = 1, 2, 3 print(a, b)
    local function f(a, a) return a end print(f(1, 2))
    local function counter() local n = 0 return function() n = n + 1 return n end, function() return n end end local inc, get = counter() inc() inc() print(get())
    do local secret = 1 end print(secret)
    local x = 1 local function g() return x end x = 2 print(g())
    for i = 1, 1 do local i = "inner" print(i) end
    local print = print print("shadowed")
    local function f() return g() end local function g() return 1 end print(pcall(f))
    repeat local x = 5 until x == 5 print(x)
    if true then local y = 1 end print(y)
    local t = {} function t.f() return t end print(t.f() == t)
    local t = {a = {b = {}}} function t.a.b.f(x) return x end function t.a.b:g(x) return self == t.a.b, x end print(t.a.b.f(1), t.a.b:g(2))
    function t.f() end
    local t = {} function t.a.f() end
    local t = {} function t:a.b() end
    local 5 = 1
    local x.y = 1
    local function t.f() end
    local = 1
    function () end
    local function f(a,) end
    local function f(..., a) end
    local function f(a b) end
    `,
);

section(
  '§2.5 Expressions: operators, precedence, relational and logical operators, length and concatenation',
  lua`
    = 1 + 2 * 3, (1 + 2) * 3, 2 * 3 ^ 2, -3 ^ 2, not 1 == 2, 1 .. 2 == "12", 2 ^ 3 ^ 2
    = 1 + 1 .. "", "a" .. 1 + 2, 2 .. 3 * 4
    = 1 < 2 == true, not nil == true, 1 == 1 ~= false
    = 10 or 20, 10 or error(), nil or "a", nil and 10, false and error(), false and nil, false or nil, 10 and 20
    = nil == false, 1 and nil or 3, false == nil, (nil)
    = 1 or 2 and 3, (1 or 2) and 3, nil and 1 or 2, false or false or 7
    local function f() return nil end print(f() and 1 or 2, not f())
    = "a" .. "b" .. "c" .. 1 .. 2.5, 1 .. "", -1 .. ""
    = "a" == "a", "a" ~= "b", 1 ~= 1.0, {} ~= {}
    = 1 < 2, 1 <= 1, 2 > 1, 1 >= 2, "a" <= "a"
    = 5 - 3 - 1, 2 / 2 / 2, 2 ^ -2, - - 3, not not nil, - -(-3)
    = --5 ⏎ 6
    = 5 % 3, -5 % 3, 5 % -3, 5.3 % 1 < 0.31, 3 % 1.5
    = #"abc" + 1, -#"abc", #"a" .. "b", not #"x"
    = 2 * 3 % 4, 2 + 3 .. 4 + 5, 1 .. 2 .. 3
    = 1 == "1", "1" == 1, 0 == false, nil == 0
    = 1 < 2 and 2 < 3, 1 > 2 or 3 > 2, not (1 > 2)
    = (1)(2)
    = a.b.c
    = a + 1
    = 1 + nil
    local x = {} print(x + 1)
    local x = {y = {}} print(x.y * 2)
    local x = {y = {}} print(2 ^ x.y.z)
    local x = "a" .. {} .. "b"
    local x, y = nil, "q" print(y .. x)
    local t = {} print(t.x .. "s")
    local t = {} print("s" .. t.x.y)
    = 1 + "2x"
    = 1 < "2"
    local a, b = {}, 1 print(a < b)
    local a, b = {}, {} print(a <= b)
    = (2 + 3) * 4 == 20 and "yes" or "no", ((((5))))
    = ("x"):rep(3), #("x"):rep(3), ("a" .. "b"):upper()
    = 7 - -3, 7 - - 3, 7 --3
    = 1 .. nil
    = function() end == nil, (function() return 5 end)()
    = 2^1023 * 2, 2^-1074, 2^-1075, 1e308 + 1e308
    = 0x7fffffff + 1, 2^31, 2^32, 2^63, -2^63
    = 1 +
    = (1
    = 1 2
    = * 3
    = 1 and
    = not
    = a b
    = {1, 2
    = "a" "b"
    `,
);

section(
  '§2.5.7 Table constructors, §2.5.8 Function calls and §2.5.9 Function definitions: lists, varargs, adjustment',
  lua`
    local a = {[1] = "x", "y"} print(a[1], #a)
    local a = {x = 1, ["y"] = 2, 3, 4; 5, [10] = 6,} print(a.x, a.y, a[1], a[2], a[3], a[10], #a)
    local a = {1, 2, nil, 4} print(a[4], select("#", unpack(a, 1, 4)))
    local function f() return 1, 2, 3 end print(#{f()}, #{f(), f()}, #{f(), nil}, #{(f())}, #{f(), 10})
    local function f(...) return #{...}, select("#", ...) end print(f(), f(nil), f(1, 2), f(1, nil, 3))
    local function f(a, b) return a, b end print(f(3)) print(f(3, 4)) print(f(3, 4, 5)) print((f(1, 2)))
    local function g(a, b, ...) return a, b, select("#", ...) end print(g(3)) print(g(3, 4)) print(g(3, 4, 5, 8))
    local function r() return 1, 2, 3 end local function f(a, b) return a, b end print(f(r(), 10)) print(f(r())) print(f(0, r()))
    local function f(...) local a, b = ... return a, b end print(f(1), f(1, 2, 3))
    local function f(...) return ... end print(f(1, 2), f(3, 4)) print((f(5, 6)))
    local function f(...) local t = {n = select("#", ...), ...} return t.n, t[1], t[2] end print(f(nil, 2))
    = ...
    print(select("#", ...))
    local function f() return ... end
    local function f(...) return function() return ... end end
    local function f(...) for i, v in ipairs{...} do io.write(i, v, " ") end print() end f("a", "b")
    local t = {f = function(self, ...) return ... end} print(t:f(1, 2))
    local s = ("x"):rep(3, "ignored") print(s)
    local function f(x, ...) if x then return ... end end print(f(true, 1, nil, nil)) print(select("#", f(true, 1, nil, nil)))
    print((function(...) return select("#", ...) end)(nil, nil))
    local t = {function() return 1 end, n = function() return 2 end} print(t[1](), t.n())
    local t = {{1, 2}, {3, {4}}} print(t[1][2], t[2][2][1])
    local o = {n = 0} function o:add(k) self.n = self.n + k return self end print(o:add(1):add(2).n)
    local o = {} o:nothing()
    local o = {m = 5} o:m()
    local o o:m()
    undefined()
    local t = {} t.f()
    local t = {} t.x.f()
    local t = {x = {}} t.x.f()
    local t = {} t["a b"]()
    local t = {} t[1]()
    local function f() local up = nil return function() up() end end f()()
    (nil)()
    ("x")()
    ({})()
    (5).x()
    local f = 5 f()
    local f = "s" f(1, 2)
    function f(a, b, c) return a + b + c end print(f(1, 2))
    local a = {f = {g = {}}} a.f.g.h()
    print(#{n = 1, 2, 3}, #{[1] = 1, [2] = 2}, #{nil}, #{nil, nil})
    print(({10, 20, 30})[2], ({x = 5}).x, (("abc")):sub(2, 2))
    = {1, 2, 3,} == nil, {;}
    = {,}
    = {1 2}
    = {[1]}
    = {x.y = 1}
    = f(
    = f(1,)
    = f(,1)
    local function f(a) a = a or "default" return a end print(f(), f(false), f(1))
    local function f(...) arg = 5 return arg end print(f(1))
    local function f(...) return arg end print(type(f(1)))
    local function f(...) local x = arg return type(x), x and x.n end print(f(1, 2))
    local a = setmetatable({}, {__call = function(self, ...) return select("#", ...), ... end}) print(a(1, 2), a())
    local s = 0 for i = 1, 250 do s = s + select("#", unpack({}, 1, i)) end print(s)
    `,
);

section(
  '§2.7 Error handling: error values, levels, positions and messages that name variables',
  lua`
    error("msg")
    error("msg", 0)
    error("msg", 1)
    error("msg", 2)
    error()
    error(nil)
    error({})
    error(42)
    error(42, 0)
    error(true)
    error(setmetatable({}, {__tostring = function() return "custom" end}))
    = pcall(error, "msg")
    = pcall(error, "msg", 0)
    = pcall(error)
    = pcall(error, nil)
    = select("#", pcall(error))
    = pcall(function() error("msg") end)
    = pcall(function() error("msg", 0) end)
    = pcall(function() error("msg", 2) end)
    = pcall(function() error("msg", 3) end)
    local function f() error("level 2", 2) end local function g() f() end print(pcall(g))
    local function f() error("level 2", 2) end ⏎ local function g() ⏎ f() ⏎ end ⏎ print(pcall(g))
    = pcall(function() error({code = 5}) end)
    local ok, e = pcall(error, {code = 5}) print(ok, type(e), e.code)
    = pcall(5)
    = pcall(nil)
    = pcall({})
    = pcall()
    = pcall(pcall)
    = pcall(pcall, error, "x")
    = pcall(function(...) return ... end, 1, nil, 3)
    = xpcall(function() error("x", 0) end, function(e) return "handled " .. e end)
    = xpcall(function() return 1, 2 end, print)
    = xpcall(function() error("x") end, function(e) error("again") end)
    = xpcall(function() local x = nil + 1 end, function(e) return e:upper() end)
    = xpcall(5, print)
    = xpcall(function() end)
    = xpcall()
    = xpcall(function(...) return select("#", ...) end, print, 1, 2)
    = assert(1, 2, 3)
    = assert(false)
    = assert(nil, "message")
    = assert(nil, {}) == nil
    = assert()
    = assert(false, nil)
    = pcall(assert, false, 42)
    = pcall(assert, nil)
    local t = {} ⏎ ⏎ t.x.y = 1
    local function f() ⏎   local x = nil ⏎   return x.y ⏎ end ⏎ f()
    local x = 1 + ⏎ nil
    foo.bar = 1
    foo.bar.baz()
    local a = {} a.b.c = 1
    local a = {} a.b.c()
    local a = {} ; (a.b)()
    local a = {} a.x = a.y + 1
    local a = {} a.x = 1 + a.y
    local a = {} a.x = a.y .. "s"
    local a = {} a.x = "s" .. a.y
    local a, b = 1 print(a + b)
    local a, b = 1 print(b - a)
    local up = nil local function f() return up + 1 end f()
    local up = nil local function f() return up.x end f()
    local up = nil local function f() up() end f()
    gl = nil gl()
    gl = 5 gl.x = 5
    gl = 5 gl.x.y = 5
    local t = {} t[1][2] = 3
    local t = {} local i = "k" t[i].x = 3
    local t = {{}} t[1].x.y = 3
    local s = "x" s.y.z = 1
    string.nothing("x")
    ("x"):nothing()
    local s = "x" s:bad()
    math.floor()
    math.floor("x")
    math.floor({})
    ("x"):rep({})
    ("x"):rep()
    string.rep()
    string.rep("x", "y")
    local r = string.rep r()
    local t = {r = string.rep} t.r("x", {})
    local t = {r = string.rep} t:r()
    setmetatable(1, {})
    tostring()
    ipairs()
    local function f() return f() + 1 end local ok, e = pcall(f) print(ok, (e:gsub("^.-: ", "")))
    = pcall(string.rep)
    = pcall(string.rep, {}, 1)
    = pcall(setmetatable, {})
    = pcall(next, {}, "nokey")
    = pcall(rawset, {}, nil, 1)
    = pcall(rawset, {}, 0/0, 1)
    for i = 1, 2 do if i == 2 then error("in loop") end end
    local t = setmetatable({}, {__index = function(t, k) error("no field " .. k) end}) ⏎ print(t.x)
    local t = setmetatable({}, {__index = function(t, k) error("no field " .. k, 2) end}) ⏎ print(t.x)
    if x ⏎ then error("a") else ⏎ error("b") end
    local f = loadstring("error('in chunk')", "=mychunk") f()
    local f = loadstring("error('in chunk')", "@file.lua") f()
    local f = loadstring("error('in chunk')") f()
    local f = loadstring("\nerror('in chunk')", "line one\nline two") f()
    local f = loadstring("error('in chunk')", ("x"):rep(100)) f()
    local f = loadstring("error('in chunk')", "@" .. ("x"):rep(100)) f()
    local f = loadstring("error('in chunk')", "=" .. ("x"):rep(100)) f()
    `,
);
