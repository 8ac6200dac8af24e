/** A piece of Lua that keeps one part of an engine busy: it defines `kernel()`, which returns a number to check. */
export interface Kernel {
  readonly name: string;
  readonly source: string;
}

const lua = String.raw;

export const KERNELS: readonly Kernel[] = [
  {
    name: 'fib',
    source: lua`
      local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
      function kernel() return fib(22) end`,
  },
  {
    name: 'table',
    source: lua`
      function kernel()
        local list, sum = {}, 0
        for i = 1, 10000 do list[i] = i * 2 end
        for i = 1, #list do sum = sum + list[i] end
        local map = {}
        for i = 1, 2000 do map["key" .. i % 500] = i end
        for _, v in pairs(map) do sum = sum + v end
        for i, v in ipairs(list) do sum = sum - v / 2 end
        for i = 1, 2000 do
          local point = {x = i, y = i + 1}
          point.z = point.x + point.y
          sum = sum + point.z
        end
        for i = 1, 1000 do table.insert(list, i) end
        for i = 1, 1000 do sum = sum + table.remove(list) end
        return sum
      end`,
  },
  {
    name: 'string',
    source: lua`
      function kernel()
        local parts, n = {}, 0
        for i = 1, 1000 do
          local s = "item" .. i .. ":" .. i + 0.25
          parts[#parts + 1] = s:upper()
          n = n + #s + s:byte(1) + (s:sub(2, 4) == "tem" and 1 or 0)
          parts[#parts + 1] = string.format("%05d %s %.2f %x", i, s, i / 3, i)
        end
        local all = table.concat(parts, ",")
        n = n + #all + #all:rep(3) + #all:lower() + #all:reverse()
        for i = 1, 2000 do n = n + tonumber(tostring(i)) end
        return n
      end`,
  },
  {
    name: 'closure',
    source: lua`
      local function counter() local n = 0 return function(k) n = n + k return n end end
      local function map(t, f) local r = {} for i = 1, #t do r[i] = f(t[i]) end return r end
      local function compose(f, g) return function(x) return f(g(x)) end end
      local Account = {} Account.__index = Account
      function Account.new() return setmetatable({balance = 0}, Account) end
      function Account:deposit(v) self.balance = self.balance + v return self end
      function kernel()
        local c, list = counter(), {}
        for i = 1, 2000 do list[i] = i c(i) end
        local twice = compose(function(x) return x * 2 end, function(x) return x + 1 end)
        local r = map(map(list, twice), function(x) return x % 7 end)
        local sum = c(0)
        for i = 1, #r do sum = sum + r[i] end
        for i = 1, 500 do local a = Account.new() for j = 1, 4 do a:deposit(j) end sum = sum + a.balance end
        return sum
      end`,
  },
  {
    name: 'pattern',
    source: lua`
      local lines = {}
      for i = 1, 60 do
        lines[i] = "2026-11-" .. i % 30 .. " host" .. i .. " imap-login: user=<name" .. i ..
          "@example.org>, method=PLAIN, rip=192.0.2." .. i .. ", session=<abc" .. i .. ">"
      end
      local text = table.concat(lines, "\n")
      function kernel()
        local n = 0
        for line in text:gmatch("[^\n]+") do
          local y, m, d = line:match("^(%d+)-(%d+)-(%d+)")
          local user, domain = line:match("user=<([^@>]+)@([%w%.]+)>")
          n = n + y + m + d + #user + #domain
          for k, v in line:gmatch("(%w+)=([^,]+)") do n = n + #k + #v end
          if line:find("method=PLAIN", 1, true) then n = n + 1 end
        end
        local words, count = text:gsub("%w+", "<%0>")
        n = n + #words + count
        n = n + #text:gsub("%s+", " ") + #text:gsub("(%w+)=(%b<>)", "%2=%1")
        n = n + select(2, text:gsub("%d+", function(d) return d + 1 end))
        for a in text:gmatch("rip=(.-),") do n = n + #a end
        return n
      end`,
  },
  {
    name: 'sort',
    source: lua`
      function kernel()
        local numbers, words, x = {}, {}, 42.5 - 0.5
        for i = 1, 1000 do x = (x * 16807) % 2147483647 numbers[i] = x words[i] = "w" .. i * 7919 % 1000 end
        table.sort(numbers)
        table.sort(words)
        table.sort(numbers, function(a, b) return a > b end)
        local sum = 0
        for i = 1, 1000, 100 do sum = sum + numbers[i] * i + #words[i] end
        return sum
      end`,
  },
];
