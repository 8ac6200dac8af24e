import { seeded } from './random.ts';
import { program } from './statements.ts';
import { type Block, render } from './tree.ts';

/** The program of a seed. It ends by itself, and what it prints is the same wherever Lua 5.1 is followed. */
export function generate(seed: number): Block {
  const random = seeded(seed);
  return program(
    {
      random,
      variables: [
        { name: 'GL', kind: 'list' },
        { name: 'G1', kind: 'number' },
      ],
      depth: 3,
      inLoop: false,
      mayYield: false,
      varargs: true,
      names: { count: 0 },
    },
    4 + random.below(10),
  );
}

/** The whole text of a program. */
export function sourceOf(program: Block): string {
  return `${PRELUDE}${render(program)}`;
}

/**
 * T counts steps and ends a program that takes too many, and tells once when calls are 100 deep; S shows a value without addresses or order of keys; R shows
 * results; O makes objects with every metamethod; sorted and range are iterators; I reads a field.
 */
const PRELUDE = `
local steps, rawText, getinfo, write, deep = 0, tostring, debug.getinfo, io.write
function tostring(...)
  local text = rawText(...)
  return type(text) == "string" and (text:gsub("^(%a+: )0x%x+", "%1<address>")) or text
end
function T()
  steps = steps + 1 if steps > 2000 then error("out of steps", 0) end
  if not deep and getinfo(100, "l") then deep = true write("<deep>\\n") end
end
function sorted(t)
  local keys = {}
  for k in pairs(t) do keys[#keys + 1] = k end
  table.sort(keys, function(a, b) return type(a) .. tostring(a) < type(b) .. tostring(b) end)
  local i = 0
  return function() i = i + 1 if keys[i] ~= nil then return keys[i], t[keys[i]] end end
end
function range(n) return function(s, i) if i < s then return i + 1, i * i end end, n, 0 end
function I(t, k) return t[k] end
function S(v, depth)
  depth = depth or 0
  if type(v) == "string" then return string.format("%q", v:sub(1, 200)) end
  if type(v) == "table" and getmetatable(v) ~= "object" then
    if depth > 2 then return "{...}" end
    local parts = {}
    for k, w in sorted(v) do T() parts[#parts + 1] = S(k, depth + 1) .. "=" .. S(w, depth + 1) end
    return "{" .. table.concat(parts, " ") .. "}"
  end
  if type(v) == "function" or type(v) == "thread" then return type(v) end
  return tostring(v)
end
function R(...)
  local parts = {}
  for i = 1, select("#", ...) do parts[i] = S((select(i, ...))) end
  return table.concat(parts, " ")
end
local M = {}
function O(v) return setmetatable({v = tonumber(v) or 0}, M) end
local function N(x) if type(x) == "table" then return rawget(x, "v") or 0 end return tonumber(x) or 0 end
M.__add = function(a, b) return O(N(a) + N(b)) end
M.__sub = function(a, b) return O(N(a) - N(b)) end
M.__mul = function(a, b) return O(N(a) * N(b)) end
M.__div = function(a, b) return O(N(a) / N(b)) end
M.__mod = function(a, b) return O(N(a) % N(b)) end
M.__pow = function(a, b) return O(N(a)) end
M.__unm = function(a) return O(-a.v) end
M.__len = function() return 42 end
M.__concat = function(a, b) return "<" .. (type(a) == "table" and N(a) or a) .. "|" .. (type(b) == "table" and N(b) or b) .. ">" end
M.__eq = function(a, b) return a.v == b.v end
M.__lt = function(a, b) return N(a) < N(b) end
M.__le = function(a, b) return N(a) <= N(b) end
M.__call = function(self, x) return O(self.v + N(x)) end
M.__tostring = function(self) return "O" .. self.v end
M.__index = function(t, k) return k end
M.__newindex = function(t, k, v) rawset(t, k, v) end
M.__metatable = "object"
GL = {3, 1, 2}
G1, G2 = 1, 2
`;
