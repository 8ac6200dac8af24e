import { deeper, type Kind, type Place, variableOf } from './scope.ts';

type Make = (place: Place) => string;

/** An expression that gives the kind; one in eighty gives something else. */
export function expression(place: Place, kind: Kind): string {
  const { random } = place;
  const wanted = random.oneIn(80) ? random.pick(KINDS) : kind;
  if (wanted === 'any') return expression(place, random.pick(KINDS));
  if (place.depth <= 0 || random.oneIn(3)) {
    return (random.oneIn(4) ? undefined : variableOf(place, wanted)) ?? LITERALS[wanted](place);
  }
  return random.pick(COMPOUND[wanted])(deeper(place));
}

const KINDS: readonly Kind[] = [
  'number',
  'string',
  'boolean',
  'list',
  'record',
  'function',
  'object',
];
const number: Make = (p) => expression(p, 'number');
const string: Make = (p) => expression(p, 'string');
const boolean: Make = (p) => expression(p, 'boolean');
const list: Make = (p) => expression(p, 'list');
const record: Make = (p) => expression(p, 'record');
const any: Make = (p) => expression(p, 'any');
const callable: Make = (p) => `(${expression(p, 'function')})`;
const object: Make = (p) => `(${expression(p, 'object')})`;
const small: Make = (p) => String(p.random.below(9) - 2);
/** Mostly with a number where `made` is nil. */
const or = (p: Place, made: string) => (p.random.oneIn(10) ? made : `(${made} or 3)`);
const key: Make = (p) => p.random.pick(['x', 'y', 'name', 'n', '__proto__', 'constructor']);

const LITERALS: Record<Exclude<Kind, 'any'>, Make> = {
  number: (p) =>
    p.random.pick([
      '0',
      '1',
      '2',
      '3',
      '7',
      '10',
      '-1',
      '0.5',
      '1e3',
      '255',
      '0x10',
      '2.25',
      '1e15',
      '100',
    ]),
  string: (p) =>
    p.random.pick([
      '""',
      '"a"',
      "'abc'",
      '"hello world"',
      '"10"',
      '"x=1, y=22"',
      '[[long\nline]]',
      '"\\1\\200"',
      '"a,b,,c"',
      '"%d %s"',
      '" 7 "',
    ]),
  boolean: (p) => p.random.pick(['true', 'false', 'nil']),
  list: (p) =>
    `{${Array.from({ length: p.random.below(5) }, () => LITERALS.number(p)).join(', ')}}`,
  record: (p) => `{x = ${LITERALS.number(p)}, name = ${LITERALS.string(p)}}`,
  function: (p) =>
    p.random.pick([
      'function(...) return ... end',
      'math.abs',
      'tostring',
      'function() end',
      'type',
    ]),
  object: (p) => `O(${LITERALS.number(p)})`,
};

const COMPOUND: Record<Exclude<Kind, 'any'>, readonly Make[]> = {
  number: [
    (p) => `(${number(p)} ${p.random.pick(['+', '-', '*', '/', '%'])} ${number(p)})`,
    (p) =>
      `(${number(p)} + ${p.random.oneIn(8) ? string(p) : p.random.pick(['"10"', '" 7 "', '"0x1F"', '"1e2"'])})`,
    (p) => `(${small(p)} ^ ${p.random.pick(['2', '3', '0.5', '-1', '0'])})`,
    (p) => `(-${number(p)})`,
    (p) => `#${string(p)}`,
    (p) => `#(${list(p)})`,
    (p) => or(p, `(${list(p)})[${small(p)}]`),
    (p) => or(p, `(${record(p)}).${p.random.pick(['x', 'n'])}`),
    (p) => `${object(p)}.v`,
    (p) => `math.${p.random.pick(['floor', 'ceil', 'abs', 'sqrt'])}(${number(p)})`,
    (p) => `math.${p.random.pick(['max', 'min', 'fmod'])}(${number(p)}, ${number(p)})`,
    (p) => `select("#", ${any(p)}, ${any(p)})`,
    (p) => or(p, `tonumber(${string(p)}${p.random.oneIn(3) ? `, ${2 + p.random.below(35)}` : ''})`),
    (p) =>
      or(
        p,
        `(${string(p)}):${p.random.pick(['len()', 'byte()', 'byte(-1)', 'find("a")', 'find(",", 1, true)'])}`,
      ),
    (p) => `(select(2, (${string(p)}):gsub("%w", "%0")))`,
    (p) => or(p, `tonumber((${callable(p)}(${number(p)})))`),
    (p) => `(${boolean(p)} and ${number(p)} or ${number(p)})`,
    (p) => `table.maxn(${list(p)})`,
    (p) => (p.varargs ? or(p, 'tonumber((...))') : number(p)),
    (p) => (p.varargs ? 'select("#", ...)' : number(p)),
    (p) => or(p, `tonumber(${p.random.pick(['rawget', 'I'])}(${record(p)}, "${key(p)}"))`),
  ],
  string: [
    (p) => `(${string(p)} .. ${string(p)})`,
    (p) => `(${string(p)} .. ${number(p)} .. ${string(p)})`,
    (p) => `tostring(${any(p)})`,
    (p) => `type(${any(p)})`,
    (p) => `(${string(p)}):${p.random.pick(['upper', 'lower', 'reverse'])}()`,
    (p) => `(${string(p)}):sub(${small(p)}${p.random.oneIn(2) ? `, ${small(p)}` : ''})`,
    (p) => `(${string(p)}):rep(${p.random.below(4)})`,
    (p) => `((${string(p)}):gsub(${PATTERN(p)}, ${REPLACEMENT(p)}))`,
    (p) => `(${string(p)}):gsub(${PATTERN(p)}, ${REPLACEMENT(p)}, ${p.random.below(3)})`,
    (p) => `tostring((${string(p)}):match(${PATTERN(p)}))`,
    (p) => `string.format("${DIRECTIVE(p)}", ${number(p)})`,
    (p) =>
      `string.format("%s|%5s|%-6.2s|%q", ${string(p)}, ${string(p)}, ${string(p)}, ${string(p)})`,
    (p) => `string.char(${65 + p.random.below(26)}, ${1 + p.random.below(255)})`,
    (p) => `table.concat(${list(p)}${p.random.oneIn(2) ? `, ${string(p)}` : ''})`,
    (p) => `tostring(${object(p)})`,
    (p) => `(${object(p)} .. ${string(p)})`,
    (p) => (p.random.oneIn(8) ? `(${record(p)}).name` : `tostring((${record(p)}).name)`),
    (p) => `S(${list(p)})`,
    (p) => `S(${record(p)})`,
    (p) => `(${boolean(p)} and ${string(p)} or ${string(p)})`,
  ],
  boolean: [
    (p) => `(${number(p)} ${p.random.pick(['<', '<=', '>', '>=', '==', '~='])} ${number(p)})`,
    (p) => `(${string(p)} ${p.random.pick(['<', '<=', '>', '>=', '==', '~='])} ${string(p)})`,
    (p) => `(${object(p)} ${p.random.pick(['<', '<=', '>', '>=', '==', '~='])} ${object(p)})`,
    (p) => `not ${any(p)}`,
    (p) => `(${boolean(p)} ${p.random.pick(['and', 'or'])} ${boolean(p)})`,
    (p) => `(${any(p)} == ${any(p)})`,
    (p) => `rawequal(${any(p)}, ${any(p)})`,
    (p) => `(next(${record(p)}) == nil)`,
    (p) => `((${string(p)}):find(${PATTERN(p)}) ~= nil)`,
    (p) => `(pcall(${callable(p)}, ${any(p)}))`,
  ],
  list: [
    (p) => `{${Array.from({ length: p.random.below(4) }, () => `${number(p)} or 0`).join(', ')}}`,
    (p) => `{${string(p)} or "", ${string(p)} or ""; ${callable(p)}(1, 2)}`,
    (p) => `{unpack(${list(p)})}`,
    (p) => `{(${string(p)}):byte(1, -1)}`,
    (p) => (p.varargs ? '{n = select("#", ...), ...}' : list(p)),
    (p) => `{pcall(error, ${any(p)})}`,
  ],
  record: [
    (p) => `{x = ${number(p)}, ["${key(p)}"] = ${any(p)}, name = ${string(p)}}`,
    (p) => `setmetatable({}, {__index = ${record(p)}})`,
    (p) => `setmetatable({name = ${string(p)}}, {__index = function(t, k) return k .. "?" end})`,
    (p) => `{n = ${number(p)}, [${number(p)}] = ${any(p)}, ${any(p)}}`,
  ],
  function: [
    (p) => `function(a, b) return ${expression(lambda(p), 'number')} end`,
    (p) => `function(a) return a, ${expression(lambda(p), 'any')} end`,
    (p) => `function(...) return select(${p.random.pick(['1', '2', '-1'])}, ...) end`,
    (p) =>
      `function(a, ...) return ${expression({ ...lambda(p), varargs: true }, 'number')}, ... end`,
    (p) =>
      `coroutine.wrap(function(a) coroutine.yield(a) return ${expression(lambda(p), 'number')} end)`,
    (p) =>
      `assert(loadstring(${JSON.stringify(`return ${p.random.pick(['1 + 1', '...', '"s"', 'x', '{...}'])}`)}))`,
  ],
  object: [
    (p) => `O(${number(p)})`,
    (p) => `(${object(p)} ${p.random.pick(['+', '-', '*', '/', '%', '^'])} ${number(p)})`,
    (p) => `(${number(p)} ${p.random.pick(['+', '-', '*'])} ${object(p)})`,
    (p) => `(-${object(p)})`,
    (p) => `${object(p)}(${number(p)})`,
  ],
};

function lambda(place: Place): Place {
  return {
    ...place,
    variables: [...place.variables, { name: 'a', kind: 'number' }],
    varargs: false,
    mayYield: false,
  };
}

const PATTERN: Make = (p) =>
  p.random.pick([
    '"%w+"',
    '"(%a+)"',
    '"()%s*()"',
    '"[^,]*"',
    '"(%w)=(%w+)"',
    '"^%s*(.-)%s*$"',
    '"%d"',
    '"."',
    '"l+"',
    '"%f[%w]%w+"',
    '"%b()"',
    '"(.)%1"',
    '"x*"',
    '"[%a_][%w_]*"',
    '"%d%d"',
    '"a-b"',
    p.random.pick(['"%"', '"[a"', '"(a"', '"%w"', '"[^%s]"', '".-,"']),
  ]);

const REPLACEMENT: Make = (p) =>
  p.random.pick([
    '"<%0>"',
    '"%1%1"',
    '""',
    '"%%"',
    'string.upper',
    '{a = "A", l = "L", x = 1}',
    'function(c) return tostring(c) .. "." end',
    'function() end',
    p.random.pick(['function() return {} end', '"%2"', '"-"', '{}', '"%1"']),
  ]);

const DIRECTIVE: Make = (p) =>
  `%${p.random.pick(['', '-', '+', ' ', '0', '#'])}${p.random.pick(['', '5', '12'])}${p.random.pick(['', '.0', '.3'])}${p.random.pick(['d', 'i', 'u', 'x', 'X', 'o', 'e', 'f', 'g', 'G', 'E', 'c', 's', 'q'])}`;
