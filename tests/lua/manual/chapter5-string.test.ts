import { section } from './section.ts';

const lua = String.raw;

section(
  '§5.4 string.byte, string.char, string.len, string.sub, string.rep, string.reverse, string.upper and string.lower',
  lua`
    = ("abc"):byte(), ("abc"):byte(2), ("abc"):byte(-1), ("abc"):byte(1, 3), ("abc"):byte(10), ("abc"):byte(0), (""):byte()
    = ("abc"):byte(0, 1), ("abc"):byte(-10, 10), ("abc"):byte(3, 1), ("\200\0"):byte(1, -1)
    = select("#", ("abc"):byte(10)), select("#", ("abc"):byte(2, 1)), select("#", string.byte("abc", 1, -1))
    = pcall(string.byte)
    = pcall(string.byte, {})
    = pcall(string.byte, "a", "x")
    = pcall(string.byte, ("x"):rep(10000), 1, -1)
    = select("#", string.byte(("x"):rep(5000), 1, -1))
    = string.char(), string.char(97, 98), string.char("97"), string.char(97.9), #string.char(0, 255)
    = pcall(string.char, 256)
    = pcall(string.char, -1)
    = pcall(string.char, 97, {})
    = pcall(string.char, 97, nil)
    = string.len(""), string.len("a\0b"), string.len(123), ("x"):len()
    = pcall(string.len)
    = pcall(string.len, nil)
    = ("hello"):sub(2), ("hello"):sub(2, 3), ("hello"):sub(-3), ("hello"):sub(-3, -2), ("hello"):sub(0), ("hello"):sub(10), ("hello"):sub(-100, 2)
    = ("hello"):sub(3, 2), ("hello"):sub(2, 100), ("hello"):sub(-1, 1), ("hello"):sub(2.7, 3.9), ("hello"):sub("2", "3")
    = ("hello"):sub(1/0), ("hello"):sub(-1/0, 2), ("hello"):sub(1, 1/0), ("hello"):sub(0, 0), ("hello"):sub(-0)
    = pcall(string.sub, "x")
    = pcall(string.sub)
    = pcall(string.sub, "x", "y")
    = (12345):x()
    = string.sub(12345, 2, 3)
    = ("ab"):rep(3), ("ab"):rep(0), ("ab"):rep(-1), ("ab"):rep(1.9), ("ab"):rep("2"), (""):rep(1000)
    = #("x"):rep(100000), #("abc"):rep(1000)
    = pcall(string.rep, "x")
    = pcall(string.rep, "x", {})
    = ("abc"):reverse(), (""):reverse(), ("a\0b\255"):reverse() == "\255b\0a", string.reverse(123)
    = ("Hello World 1"):upper(), ("Hello World 1"):lower(), ("\228\246\252"):upper() == "\228\246\252", ("\196z\196"):lower() == "\196z\196", ("a\228b"):upper() == "A\228B"
    = pcall(string.upper)
    = pcall(string.lower, {})
    = pcall(string.reverse, true)
    = pcall(string.dump, string.len)
    = pcall(string.dump)
    = pcall(string.dump, "x")
    = string.gfind == string.gmatch
    `,
);

section(
  '§5.4 string.format: integers with flags, width and precision',
  lua`
    = ("%d %i %u"):format(1, -2, 3), ("%5d|%-5d|%05d|%+d|% d|%+5d"):format(42, 42, 42, 42, 42, 42)
    = ("%5d|%-5d|%05d|%+d|% d"):format(-42, -42, -42, -42, -42)
    = ("%.3d|%5.3d|%-5.3d|%05.3d|%.0d|%.0d|%+.2d"):format(7, 7, 7, 7, 0, 1, 7)
    = ("%x %X %o %#x %#X %#o"):format(255, 255, 8, 255, 255, 8)
    = ("%08x|%-8x|%#8x|%#08x|%.4x|%#.4x|%#x|%#o"):format(255, 255, 255, 255, 255, 255, 0, 0)
    = ("%d"):format(3.9), ("%d"):format(-3.9), ("%d"):format("10"), ("%d"):format("0x10"), ("%d"):format(2^31), ("%d"):format(2^53)
    = ("%d"):format(2^62), ("%d"):format(2^63), ("%d"):format(-2^63), ("%d"):format(1e300), ("%d"):format(0/0)
    = ("%u"):format(-1), ("%x"):format(-1), ("%u"):format(2^63), ("%u"):format(2^64 - 2048), ("%o"):format(-1), ("%u"):format(1e30), ("%u"):format(3.7)
    = ("%x"):format(2^53), ("%X"):format(2^52 + 10)
    = ("%c%c%c"):format(76, 117, 97), ("[%5c]"):format(65), ("[%-5c]"):format(65), #("%c"):format(0), #("%5c"):format(0), ("%c"):format(256 + 65)
    = ("%+ 5d|% 05d|%-+5d|%- 5d"):format(3, 3, 3, 3)
    = pcall(string.format, "%d", "x")
    = pcall(string.format, "%d", {})
    = pcall(string.format, "%d", nil)
    = pcall(string.format, "%d")
    = pcall(string.format, "%c", "x")
    = pcall(string.format, "%x", true)
    `,
);

section(
  '§5.4 string.format: floating point numbers with flags, width and precision',
  lua`
    = ("%f %e %g %E %G"):format(1.5, 1.5, 1.5, 1.5, 1.5), ("%.2f|%8.3f|%-8.2f|%08.2f|%+.1f|% .1f"):format(3.14159, 3.14159, 3.14159, 3.14159, 3.14159, 3.14159)
    = ("%.0f %.0f %.0f %.0f %.0f"):format(0.5, 1.5, 2.5, -0.5, 1e15), ("%.1f %.1f %.2f"):format(0.25, 0.35, 1.005)
    = ("%.3f"):format(2/3), ("%.10f"):format(1/3), ("%.20f"):format(0.1), ("%.99f"):format(1/3), ("%.0f"):format(1e22), ("%f"):format(1e300)
    = ("%e"):format(0), ("%e"):format(12345.678), ("%.0e"):format(15), ("%.0e"):format(25), ("%.3e"):format(-0.00012345), ("%e"):format(1e-300), ("%e"):format(5e-324)
    = ("%g"):format(0), ("%g"):format(100000), ("%g"):format(1e6), ("%g"):format(0.0001), ("%g"):format(0.00001), ("%g"):format(123456789), ("%g"):format(-1.5e-7)
    = ("%.3g|%.10g|%.0g|%.1g|%.17g|%.14g"):format(1234.5678, 1234.5678, 1234.5678, 0.25, 0.1, 0.1)
    = ("%#g|%#.3g|%#.0f|%#.0e|%#x"):format(1, 1, 1, 1, 1), ("%G"):format(1e-10), ("%E"):format(1e100)
    = ("%f %e %g %G"):format(1/0, 1/0, 1/0, 1/0), ("%f %5.1f %-6g| %+f"):format(-1/0, -1/0, -1/0, 1/0), ("%06f"):format(1/0)
    = ("%.14g"):format(2^53), ("%.14g"):format(3.14159265358979), ("%.14g"):format(1e15), ("%.14g"):format(123456789012345)
    = ("%5.1f|%10.4e|%-12g|%+G"):format(2.25, 12345, 0.5, 100), ("%010.3f|%+010.3f|%-010.3f|"):format(-1.5, 1.5, 1.5)
    = ("%.15g %.16g %.17g"):format(0.3, 0.3, 0.3), ("%.1f"):format(0.05), ("%.1f"):format(0.15), ("%.2f"):format(2.675), ("%.3e"):format(1.0005)
    = ("%.f"):format(2.5), ("%.e"):format(12345), ("%.g"):format(12345)
    = ("%f"):format("1.5"), ("%g"):format("0x10")
    = pcall(string.format, "%f", "x")
    = pcall(string.format, "%g")
    `,
);

section(
  '§5.4 string.format: strings, quoting, and what is refused',
  lua`
    = ("%s %s %s"):format("a", 1, 1.5), ("%5s|%-5s|%.2s|%5.1s|%-5.1s|"):format("abc", "abc", "abc", "abc", "abc"), ("%.0s|%.s|"):format("abc", "abc")
    = #("%s"):format("a\0b"), #("%s"):format(("a\0b"):rep(50)), #("%5s"):format("a\0b"), #("%.200" and "%.99s"):format(("x"):rep(200)), #("%99s"):format("x"), #("%20s"):format(("x"):rep(120))
    = ("%q"):format('a "quoted" \\ text\nwith\r\0everything\t\200'), ("%q"):format(5), ("%5q"):format("x")
    = loadstring("return " .. ("%q"):format("a\n\r\0\"\\\1\127\255"))() == "a\n\r\0\"\\\1\127\255"
    = ("%%"):format(), ("100%%"):format(), ("%%d"):format(1), ("a%%b%sc"):format("X")
    = (""):format(), ("plain"):format(1, 2), ("%s"):format("x", "extra"), ("a\0%s"):format("b") == "a\0b"
    = pcall(string.format)
    = pcall(string.format, {})
    = string.format(5)
    = pcall(string.format, "%s")
    = pcall(string.format, "%s", nil)
    = pcall(string.format, "%s", {})
    = pcall(string.format, "%s", true)
    = pcall(string.format, "%q", nil)
    = pcall(string.format, "%y", 1)
    = pcall(string.format, "%", 1)
    = pcall(string.format, "%")
    = pcall(string.format, "%s%", 1, 2)
    = pcall(string.format, "%123d", 1)
    = pcall(string.format, "%.123d", 1)
    = pcall(string.format, "%1.123d", 1)
    = pcall(string.format, "%------d", 1)
    = pcall(string.format, "%-----d", 1)
    = pcall(string.format, "% +-#0d", 1)
    = pcall(string.format, "%0000000d", 1)
    = pcall(string.format, "%l", 1)
    = pcall(string.format, "%ld", 1)
    = pcall(string.format, "%a", 1)
    = pcall(string.format, "%p", 1)
    = pcall(string.format, "%n", 1)
    = pcall(string.format, "%F", 1)
    = pcall(string.format, "%*d", 1, 2)
    = pcall(string.format, "%$d", 1)
    = pcall(string.format, "%d %d", 1)
    string.format("%d", "x")
    ("%d"):format("x")
    ("%d %s"):format(1)
    ("%y"):format(1)
    `,
);

section(
  '§5.4 string.find: plain and pattern search, start positions and captures',
  lua`
    = ("hello world"):find("wor"), ("hello world"):find("l"), ("hello"):find("xyz"), ("hello"):find(""), ("hello"):find("", 3), ("hello"):find("", 10), (""):find("")
    = ("hello"):find("l", 4), ("hello"):find("l", -1), ("hello"):find("l", -100), ("hello"):find("l", 100), ("hello"):find("h", 0)
    = ("a.b"):find("."), ("a.b"):find(".", 1, true), ("a.b"):find(".", 2, true), ("a+b"):find("+", 1, true), ("a%b"):find("%", 1, true), ("a.b"):find("%.")
    = ("a\0b\0c"):find("\0"), ("a\0b\0c"):find("\0c", 1, true), ("a\0b"):find("b"), ("a\0b"):find("%z"), ("a\0b"):find("a%zb")
    = ("hello"):find("(l)(l)"), ("hello"):find("()ll()"), ("hello"):find("((h)(e))"), ("key = value"):find("(%w+)%s*=%s*(%w+)")
    = ("hello"):find("^h"), ("hello"):find("^e"), ("hello"):find("^e", 2), ("hello"):find("o$"), ("hello"):find("l$"), ("h$"):find("$$"), ("a^b"):find("a^b"), ("hello"):find("^hello$")
    = ("x"):find("x", nil, nil), ("x.x"):find(".", 2, false), ("x.x"):find(".x", 1, 0)
    = pcall(string.find, "a")
    = pcall(string.find)
    = pcall(string.find, "a", {})
    = pcall(string.find, "a", "a", "x")
    = pcall(string.find, {}, "a")
    = string.find(12345, 34), string.find("12345", 34)
    = ("abc"):find("b", 1/0), ("abc"):find("b", -1/0), ("abc"):find("b", 2.9), ("abc"):find("b", "2")
    `,
);

section(
  '§5.4.1 Patterns: character classes and sets',
  lua`
    = ("aB1 _-\n"):gsub("%a", "A"), ("aB1 _-"):gsub("%A", "."), ("aB1 _"):gsub("%d", "D"), ("aB1 _"):gsub("%D", ".")
    = ("aB1 _"):gsub("%l", "L"), ("aB1 _"):gsub("%u", "U"), ("aB1 _"):gsub("%L", "."), ("aB1 _"):gsub("%U", "."), ("aB1 _"):gsub("%w", "W"), ("aB1 _"):gsub("%W", ".")
    = ("a b\tc\nd\v\f\r"):gsub("%s", "_"), ("a b"):gsub("%S", "x"), ("a.b,c!"):gsub("%p", "P"), ("a.b"):gsub("%P", "x"), ("a\1b\127"):gsub("%c", "C"), ("fFgG09"):gsub("%x", "X"), ("fg"):gsub("%X", "-"), ("a\0b"):gsub("%z", "Z"), #("a\0b"):gsub("%Z", ".")
    = ("a.b"):gsub("%.", "!"), ("a%b"):gsub("%%", "!"), ("a[b]"):gsub("%[", "("), ("a-b"):gsub("%-", "+"), ("50%"):gsub("%%", " percent")
    = ("hello"):gsub("[aeiou]", "*"), ("hello"):gsub("[^aeiou]", "*"), ("a-z"):gsub("[a-z]", "x"), ("a-z"):gsub("[az-]", "x"), ("a]b"):gsub("[]]", "x"), ("a]b"):gsub("[^]]", "x"), ("a^b"):gsub("[a^]", "x")
    = ("a1_ "):gsub("[%w_]", "x"), ("a1_ "):gsub("[^%w_]", "x"), ("x-y"):gsub("[%-]", "+"), ("a%b"):gsub("[%%]", "x"), ("a.b"):gsub("[.]", "x"), ("]-["):gsub("[%]%-%[]", "x")
    = ("abc"):gsub("[a-]", "x"), ("a-c"):gsub("[a-]", "x"), ("abc"):gsub("[-c]", "x"), ("abcd"):gsub("[b-c]", "x"), ("abc"):gsub("[c-a]", "x"), ("%a1"):gsub("[%a-z]", "x")
    = ("\128\200\255"):gsub("%a", "x") == "\128\200\255", ("\128\200\255"):gsub("[\128-\255]", "x"), ("\200"):gsub("%W", "x"), ("\128"):gsub("%c", "c") == "\128"
    = ("ABC"):find("%k"), ("k"):find("%k"), ("K"):find("%K")
    = ("x"):find("[%a"), 1
    = ("x"):find("[a")
    = ("x"):find("[]")
    = ("x"):find("[^]")
    = ("x"):find("[a%")
    = ("x"):find("[a%]")
    = ("x"):find("%")
    = ("x"):find("x%")
    = ("x"):find("y%")
    = ("x"):find("y[")
    `,
);

section(
  '§5.4.1 Patterns: repetition, anchors, balanced text, frontiers and back references',
  lua`
    = ("aaa"):match("a*"), ("aaa"):match("a+"), ("aaa"):match("a-"), ("aaa"):match("a?"), ("baaa"):match("a*"), ("baaa"):match("a+"), (""):match("a*"), (""):match("a+")
    = ("aaab"):match("a-b"), ("aaab"):match("a*b"), ("aaab"):match("a?b"), ("aab"):match("^a-b$"), ("<<a>>"):match("<.->"), ("<<a>>"):match("<.*>"), ("<a><b>"):match("<(.-)>")
    = ("color colour"):gsub("colou?r", "X"), ("abc123def"):match("%a+(%d+)%a+"), ("  trim  "):match("^%s*(.-)%s*$") .. "|", ("a,b,c"):match("([^,]*),([^,]*)")
    = ("f(a(b)c)d"):match("%b()"), ("f(a(b)c"):match("%b()"), ("((a)"):match("%b()"), ("[[x]]"):match("%b[]"), ("xax"):match("%bxx"), ("aXbXc"):match("%bXX"), ("(()"):find("%b()")
    = ("THE (quick) fox"):find("%((%a+)%)"), ("THE (quick) fox"):gsub("%f[%a]%a+", "W"), ("THE fox"):find("%f[%a]%a+%f[%A]"), ("fox"):find("%f[%z]"), ("a b"):gsub("%f[%w]", "^"), ("aXb"):find("%f[%u]")
    = ("abab"):match("(ab)%1"), ("abcabc"):match("(%w+)%1"), ("xyx"):match("(.).%1"), ([["it's"]]):match([[(["'])(.-)%1]]), ("aa"):match("(a)%1"), ("ab"):match("(a)%1"), ("()"):match("()%1")
    = ("hello"):match("(h)(e)(l)(l)(o)"), ("hello"):match("()()()"), ("abc"):match("((a)(b(c)))"), ("abc"):match("(a*(.)%w(%s*))"), ("x"):match("(x?)(y?)")
    = ("a$b"):match("a$b"), ("a$"):match("$$"), ("^a"):match("^^a"), ("a^"):match("a^"), ("$"):match("^$"), (""):match("^$"), ("ab"):match("a$"), ("*a"):match("*a"), ("a+"):match("a%+"), ("?"):match("?")
    = ("a**"):match("a**"), ("aa*"):match("a**"), ("ab"):match("a-+"), ("a-b"):match("a--b"), ("a?b"):match("a??b")
    = ("key=val"):match("^(%w+)=(%w*)$"), ("key="):match("^(%w+)=(%w*)$"), ("=val"):match("^(%w+)=(%w*)$")
    = ("2026-11-22"):match("^(%d%d%d%d)-(%d%d)-(%d%d)$"), ("user@example.org"):match("^([%w%.]+)@([%w%.]+)$"), ("[fe80::1]:993"):match("^%[(.-)%]:(%d+)$")
    = ("x"):rep(50):match(("x?"):rep(30) .. ("x"):rep(30)) ~= nil
    = ("a"):match("(a"), 1
    = ("a"):match("(a")
    = ("a"):match("a)")
    = ("b"):match("a)")
    = ("a"):match("%1")
    = ("a"):match("(a%1)")
    = ("a"):match("%0")
    = ("a"):match("(a)%2")
    = ("a"):match("%b")
    = ("a"):match("%ba")
    = ("a"):match("%f")
    = ("a"):match("%fa")
    = ("a"):match("%f[a")
    = ("a"):match(("(a?)"):rep(32)) ~= nil
    = ("a"):match(("(a?)"):rep(33))
    = ("a"):match("b" .. ("(a?)"):rep(33))
    = ("a"):match("((((((((((a))))))))))")
    = ("a\0b"):match("a\0b"), ("a\0b"):match("a%zb") == "a\0b", ("ab"):match("a\0[")
    = ("a"):match("a", 1), ("aba"):match("a()", 2), ("abc"):match(".", -1), ("abc"):match(".", 10), ("abc"):match("", 10) == ""
    = pcall(string.match, "a")
    = pcall(string.match)
    `,
);

section(
  '§5.4 string.gmatch and string.gfind: iteration, captures and empty matches',
  lua`
    for w in ("one two  three"):gmatch("%a+") do io.write(w, ".") end print()
    for k, v in ("a=1, b=2, c"):gmatch("(%w+)=(%w+)") do io.write(k, v, ".") end print()
    for p in ("abc"):gmatch("()") do io.write(p, " ") end print()
    for e in ("abc"):gmatch("x*") do io.write("[", e, "]") end print()
    for e in ("aXbX"):gmatch("[^X]*") do io.write("[", e, "]") end print()
    for a in ("hello"):gmatch("^h") do io.write(a) end print("none")
    for a in ("^h^h"):gmatch("^h") do io.write(a, " ") end print()
    for a in (""):gmatch("x*") do io.write("[", a, "]") end print()
    for a in ("abc"):gmatch("") do io.write("e") end print()
    local f = ("ab"):gmatch(".") print(f(), f(), f(), select("#", f()))
    for w in string.gfind("x y", "%w") do io.write(w, " ") end print()
    for a, b, c in ("k1=v1;k2=v2"):gmatch("((%w)%w*)=(%w+)") do io.write(a, b, c, " ") end print()
    = pcall(string.gmatch, "a")
    = pcall(string.gmatch)
    = pcall(("a"):gmatch("(a"))
    = pcall(("a"):gmatch("%"))
    = type(("a"):gmatch("%"))
    for n in (12345):gmatch(".") do end
    for n in string.gmatch(123, "%d") do io.write(n, " ") end print()
    local t = {} for k, v in ("from=world, to=Lua"):gmatch("(%w+)=(%w+)") do t[k] = v end print(t.from, t.to)
    for l in ("a\nb\n\nc"):gmatch("([^\n]*)\n?") do io.write("[", l, "]") end print()
    `,
);

section(
  '§5.4 string.gsub: replacement by text, table and function, counts, anchors and errors',
  lua`
    = ("hello world"):gsub("o", "0"), ("hello world"):gsub("o", "0", 1), ("hello"):gsub("", "-"), ("hello"):gsub("l*", "x"), ("abc"):gsub("%w", "%0%0"), ("abc"):gsub("%w*", "x")
    = ("hello world"):gsub("(%w+)", "<%1>"), ("hello world"):gsub("(%w+) (%w+)", "%2 %1"), ("abc"):gsub("(a)(b)(c)", "%3%2%1%0"), ("abc"):gsub("b", "%%"), ("abc"):gsub("()", "%1")
    = ("$name is $age"):gsub("%$(%w+)", {name = "Lua", age = 5}), ("$name $x"):gsub("%$(%w+)", {name = false}), ("abc"):gsub("%w", {a = "1", b = true and "2"}), ("123"):gsub("%d", {["1"] = "one"})
    = ("abc"):gsub("%w", function(c) return c:upper() end), ("abc"):gsub("%w", function() end), ("abc"):gsub("%w", function(c) return c == "b" and "B" end), ("a b"):gsub("(%w) (%w)", function(x, y) return y .. x end)
    = ("abc"):gsub("b", function(...) return select("#", ...) end), ("abc"):gsub("()(b)()", function(...) return table.concat({...}, ",") end), ("abc"):gsub("%w", string.byte), ("4 2"):gsub("%d", function(d) return d * 2 end)
    = ("home = $HOME"):gsub("%$(%w+)", setmetatable({}, {__index = function(_, k) return "<" .. k .. ">" end})), ("x y"):gsub("%w", setmetatable({}, {__index = {x = "X"}}))
    = ("hello"):gsub("^h", "j"), ("hhh"):gsub("^h", "j"), ("hello"):gsub("^x", "j"), ("hello"):gsub("o$", "0"), ("aaa"):gsub("a$", "b"), ("a\nb"):gsub("^%w", "x")
    = ("abc"):gsub("%w", "x", 0), ("abc"):gsub("%w", "x", -1), ("abc"):gsub("%w", "x", 2), ("abc"):gsub("%w", "x", 100), ("abc"):gsub("%w", "x", "2"), ("abc"):gsub("%w", "x", 1.9)
    = ("abc"):gsub("b", 5), ("a1b"):gsub("%d", 7.5), (123):x()
    = string.gsub(123, 2, "x"), ("a.b.c"):gsub("%.", "%%"), ("a\0b"):gsub("%z", "0"), ("abc"):gsub("b", "\0") == "a\0c", #("abc"):gsub("b", "%")
    = pcall(string.gsub, "abc", "b")
    = pcall(string.gsub, "abc", "b", nil)
    = pcall(string.gsub, "abc", "b", true)
    = pcall(string.gsub, "abc")
    = pcall(string.gsub)
    = pcall(string.gsub, "abc", "b", "x", {})
    = pcall(string.gsub, "abc", "b", "%2")
    = pcall(string.gsub, "abc", "(b)", "%2")
    = pcall(string.gsub, "abc", "(b", "x")
    = pcall(string.gsub, "abc", "(b", "%1")
    = pcall(string.gsub, "abc", "b", "%9")
    = pcall(string.gsub, "abc", "x", "%9")
    = pcall(string.gsub, "abc", "b", function() return {} end)
    = pcall(string.gsub, "abc", "b", function() return true end)
    = pcall(string.gsub, "abc", "b", {b = {}})
    = pcall(string.gsub, "abc", "b", function() error("in callback") end)
    = pcall(string.gsub, "abc", "b", function() error({}) end) == false
    = pcall(string.gsub, "abc", "[b", "x")
    ("abc"):gsub("b", function() return {} end)
    ("abc"):gsub("b", "%2")
    ("abc"):gsub("b")
    ("abc"):gsub("b", function() local x = nil; return x.y end)
    local s = ("x"):rep(10) print((s:gsub("x", "%0y", 3)))
    = ("abc def"):gsub("%f[%w]%w", string.upper), ("hello world"):gsub("%w+", "%0 %0", 1), ("abc"):gsub("", {}), ("  a  b  "):gsub("%s+", " ")
    = ("one;two;;four"):gsub(";;", ";nil;"), ("a,b,,c"):gsub(",", ";"), ("%d"):gsub("%%d", "x"), ("CamelCaseName"):gsub("%u", "_%0"), ("x = 1"):gsub("%s*=%s*", "=")
    = ("abc"):gsub("(.)", {a = 1, b = 2.5}), (("x"):rep(3)):gsub("x", {x = "y"}), ("ab"):gsub("(a)(b)", {a = "first capture only"})
    local out = {} ; ("k=v; k2=v2"):gsub("(%w+)=(%w+)", function(k, v) out[#out + 1] = k .. ":" .. v end) print(table.concat(out, " "))
    `,
);
