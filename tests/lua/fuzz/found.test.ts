import { testWith } from '../../world/needs.ts';
import { disagreements, told } from './compare.ts';

const test = testWith('lua5.1');

/** What random programs once brought to light → the smallest program that shows it. */
const FOUND: Record<string, string> = {
  'a value whose __concat asks for the value itself overflows the stack': `
    local m = {}
    m.__concat = function(a, b) return "<" .. a.v .. "|" .. b end
    local t = setmetatable({}, m)
    t.v = t
    print(pcall(function() return t .. "x" end))
    return t .. "x"`,
  'a value whose __tostring asks for the value itself overflows the stack': `
    local m = {}
    m.__tostring = function(t) return "O" .. tostring(t.v) end
    local t = setmetatable({}, m)
    t.v = t
    print(tostring(t))`,
  'a NaN is written in capitals, padded and signed where the directive says so': `
    for _, nan in ipairs({0/0, -(0/0), math.fmod(1, 0)}) do
      for _, f in ipairs({"%E", "%12.0E", "%-9G|", "%+g", "% e", "%012.3f"}) do print(f:format(nan)) end
    end`,
  'sorting numbers with NaN among them ends in the order that the comparisons lead to': `
    local nan = math.fmod(1, 0)
    for _, t in ipairs({{nan, 1, 2, 3}, {3, nan, 1, nan, 2}, {5, 4, nan, 3, 2, 1, nan, 7, -1, 9, nan, 0.5}}) do
      print(pcall(table.sort, t))
      print(table.concat(t, ","))
    end`,
  'a function that calls itself through pcall and print overflows the stack, or goes on for longer': `
    local n = 0
    local function f()
      n = n + 1
      if n > 2000 then error("out of steps", 0) end
      print(pcall(f))
    end
    print("begin")
    f()`,
  'sorting zeros of both signs leaves them where the comparisons put them': `
    local zero = tonumber("0")
    for _, t in ipairs({{zero, -zero, 1, -1}, {-zero, zero, zero, -zero, zero}, {1, -zero, zero, -zero, -2, zero}}) do
      table.sort(t)
      for i = 1, #t do t[i] = t[i] == 0 and (1 / t[i] < 0 and "minus" or "plus") or t[i] end
      print(table.concat(t, ","))
    end`,
};

for (const [what, program] of Object.entries(FOUND)) {
  test(`${what}, in lua5.1 as here`, async (t) => {
    const found = await disagreements([program]);
    t.deepEqual(
      found.map((one) => told(program, one)),
      [],
    );
  });
}
