import { section } from './section.ts';

const lua = String.raw;

section(
  '§5.5 table.concat, table.insert, table.remove and table.maxn',
  lua`
    = table.concat({}), table.concat({1, 2, 3}), table.concat({1, 2, 3}, ", "), table.concat({1, 2, 3}, ",", 2), table.concat({1, 2, 3}, ",", 2, 3), table.concat({1, 2, 3}, ",", 3, 2), table.concat({"a", 1.5, "b"}, "-")
    = table.concat({1, 2, 3}, 0), table.concat({[5] = "x", [6] = "y"}, ",", 5, 6), table.concat({1, 2}, ",", 1, 1)
    = pcall(table.concat, {1, {}, 3})
    = pcall(table.concat, {1, nil, 3}, ",", 1, 3)
    = pcall(table.concat, {}, ",", 1, 1)
    = pcall(table.concat, {true})
    = pcall(table.concat)
    = pcall(table.concat, 5)
    = pcall(table.concat, {}, {})
    = pcall(table.concat, {}, "", "x")
    local t = {1, 2} table.insert(t, 3) table.insert(t, 1, 0) table.insert(t, 3, 1.5) print(table.concat(t, ","))
    local t = {} table.insert(t, "a") table.insert(t, 1, "b") table.insert(t, 3, "c") print(table.concat(t, ","), #t)
    local t = {1, 2, 3} table.insert(t, 10, "x") print(t[10], #t == 3 or #t == 10)
    local t = {1} table.insert(t, nil) print(#t)
    = pcall(table.insert, {}, 1, 2, 3)
    = pcall(table.insert, {})
    = pcall(table.insert)
    = pcall(table.insert, 5, 1)
    = pcall(table.insert, {}, "x", 1)
    local t = {1, 2, 3} print(table.remove(t), table.remove(t, 1), #t, t[1], table.remove(t), table.remove(t), #t)
    local t = {1, 2, 3, 4} print(table.remove(t, 2), table.concat(t, ","), table.remove(t, 10), table.concat(t, ","))
    = table.remove({}), select("#", table.remove({})), select("#", table.remove({}, 1))
    = pcall(table.remove)
    = pcall(table.remove, 5)
    = pcall(table.remove, {}, "x")
    = table.maxn({}), table.maxn({1, 2, 3}), table.maxn({[10] = 1, [2.5] = 1}), table.maxn({[-1] = 1}), table.maxn({n = 5, [1e6] = 1})
    = pcall(table.maxn)
    = table.getn({1, 2, 3}), pcall(table.getn)
    = pcall(table.setn, {}, 5)
    table.foreach({a = 1}, print) table.foreachi({10, 20}, print)
    = table.foreach({1, 2, 3}, function(k, v) if v == 2 then return "found", k end end), table.foreachi({5, 6}, function(i, v) return i == 2 and v or nil end)
    = pcall(table.foreach, {})
    = pcall(table.foreachi, {}, 5)
    = table.unpack, table.pack, table.move
    `,
);

section(
  '§5.5 table.sort: numbers, strings, comparators and errors',
  lua`
    local t = {3, 1, 2} table.sort(t) print(table.concat(t, ","))
    local t, x = {}, 42 for i = 1, 50000 do x = (x * 16807) % 2147483647 t[i] = x end table.sort(t) local h = 0 for i = 1, #t do h = (h * 31 + t[i]) % 1000003 end print(h, #t, t[1], t[16385], t[50000])
    local t, x = {}, 42 for i = 1, 50000 do x = (x * 16807) % 2147483647 t[i] = "k" .. x end table.sort(t) local h = 0 for i = 1, #t do h = (h * 31 + t[i]:sub(2)) % 1000003 end print(h, #t, t[1], t[16385], t[50000])
    local t = {"banana", "apple", "cherry", "Zed", ""} table.sort(t) print(table.concat(t, ","))
    local t = {3, 1, 2} table.sort(t, function(a, b) return a > b end) print(table.concat(t, ","))
    local t = {} table.sort(t) print(#t) local t = {1} table.sort(t) print(t[1]) local t = {2, 1} table.sort(t) print(t[1], t[2])
    local t = {} for i = 1, 100 do t[i] = (i * 37) % 101 end table.sort(t) local ok = true for i = 2, 100 do ok = ok and t[i - 1] <= t[i] end print(ok)
    local t = {} for i = 1, 100 do t[i] = i end table.sort(t) print(t[1], t[50], t[100])
    local t = {} for i = 1, 100 do t[i] = 101 - i end table.sort(t) print(t[1], t[50], t[100])
    local t = {} for i = 1, 50 do t[i] = 5 end table.sort(t) print(t[1], #t)
    local t = {{n = 3}, {n = 1}, {n = 2}} table.sort(t, function(a, b) return a.n < b.n end) print(t[1].n, t[2].n, t[3].n)
    local m = {__lt = function(a, b) return a.n < b.n end} local t = {} for i, n in ipairs{3, 1, 2} do t[i] = setmetatable({n = n}, m) end table.sort(t) print(t[1].n, t[2].n, t[3].n)
    = pcall(table.sort, {1, "x", 2})
    = pcall(table.sort, {1, 2, {}})
    = pcall(table.sort, {{}, {}})
    = pcall(table.sort, {3, 2, 1}, function(a, b) error("in comparator", 0) end)
    = pcall(table.sort, {1, 2, 3}, 5)
    = pcall(table.sort)
    = pcall(table.sort, 5)
    = pcall(table.sort, {1, 2, 3, 4, 5}, function() return true end)
    = pcall(table.sort, {1}, "x")
    table.sort({1, 2, "x"})
    table.sort({3, 2, 1}, function(a, b) return a.x < b.x end)
    local t = {3, 1, 2, n = 5} table.sort(t, nil) print(table.concat(t, ","))
    local log = {} local t = {5, 3, 4, 1, 2} table.sort(t, function(a, b) log[#log + 1] = a .. "<" .. b return a < b end) print(table.concat(log, " "))
    `,
);

section(
  '§5.6 Mathematical functions',
  lua`
    = math.abs(-5), math.abs(5.5), math.abs("-3"), math.ceil(1.2), math.ceil(-1.2), math.floor(1.8), math.floor(-1.2), math.floor("2.5")
    = math.max(1, 3, 2), math.max(-1), math.min(1, 3, 2), math.min("2", 1), math.max(1, 1/0), math.min(1, -1/0)
    = pcall(math.max)
    = pcall(math.min)
    = pcall(math.max, 1, "x")
    = pcall(math.abs)
    = pcall(math.abs, "x")
    = pcall(math.floor, {})
    = pcall(math.floor, nil)
    = math.fmod(7, 3), math.fmod(-7, 3), math.fmod(7, -3), math.fmod(5.5, 2), math.mod == math.fmod, math.modf(3.7), math.modf(-3.7), math.modf(5)
    = math.modf(1/0), math.modf(-1/0)
    = math.sqrt(16), math.sqrt(2), math.pow(2, 10), math.pow(2, 0.5), math.exp(0), math.log(1), math.log10(1000), math.log10(2)
    = ("%.10f %.10f %.10f"):format(math.sin(1), math.cos(1), math.tan(1)), ("%.10f %.10f %.10f %.10f"):format(math.asin(0.5), math.acos(0.5), math.atan(1), math.atan2(1, -1))
    = ("%.10f %.10f %.10f"):format(math.sinh(1), math.cosh(1), math.tanh(1)), ("%.10f"):format(math.pi), math.huge, -math.huge, math.pi
    = math.deg(math.pi), math.rad(180) == math.pi, math.deg(1), math.rad(90)
    = math.frexp(8), math.frexp(0.3), math.frexp(0), math.frexp(-5), math.ldexp(0.5, 4), math.ldexp(1, -1074), math.ldexp(3, 2.9)
    = math.frexp(1e-310), math.frexp(2^1023)
    = pcall(math.ldexp, 1)
    = pcall(math.fmod, 1)
    = pcall(math.pow, 2)
    math.randomseed(42) local a = math.random() math.randomseed(42) print(a == math.random(), a >= 0 and a < 1)
    for i = 1, 100 do local r = math.random(10) assert(r >= 1 and r <= 10 and r == math.floor(r)) local r = math.random(-5, 5) assert(r >= -5 and r <= 5) end print("ok")
    = math.random(1, 1), math.random(1)
    = pcall(math.random, 0)
    = pcall(math.random, 2, 1)
    = pcall(math.random, 1, 2, 3)
    = pcall(math.random, "x")
    = pcall(math.randomseed)
    = math.floor(2^53 + 1), math.floor(-0.5), math.ceil(-0.5), math.floor(1/0), math.ceil(-1/0), math.floor(1e300)
    = math.abs(-1/0), math.abs(-0) == 0, 1 / math.abs(-0), math.fmod(-6, 2), math.fmod(1, 1/0), math.fmod(6, -0.5)
    = math.sqrt(-1) ~= math.sqrt(-1), math.log(0), math.log(-1) ~= math.log(-1), math.acos(2) ~= math.acos(2), math.fmod(1, 0) ~= math.fmod(1, 0)
    = math.log(8, 2), math.exp(1), math.tan(0), math.type, math.tointeger, math.maxinteger
    math.floor("x")
    math.max(1, {})
    local f = math.floor f({})
    `,
);
