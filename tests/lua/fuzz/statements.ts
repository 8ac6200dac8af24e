import { expression } from './expressions.ts';
import {
  deeper,
  type Kind,
  named,
  type Place,
  type Variable,
  variableOf,
  withVariables,
} from './scope.ts';
import type { Block, Statement } from './tree.ts';

/** A statement and the place after it, which may know a variable more. */
type Made = readonly [Statement, Place];
type Make = (place: Place) => Made;

/** `count` statements in a row, with what the block needs before it. */
function block(place: Place, count: number, head: Block = []): Block {
  const statements: Statement[] = [...head];
  let at = place;
  for (let i = 0; i < count; i++) {
    const [statement, after] = (at.depth <= 0 ? at.random.pick(SIMPLE) : at.random.pick(ALL))(at);
    statements.push(statement);
    at = after;
  }
  return statements;
}

/** The whole program: most statements that nothing depends on are protected, so that an error isn't the end. */
export function program(place: Place, count: number): Block {
  const statements: Statement[] = [];
  let at = place;
  for (let i = 0; i < count; i++) {
    const safe: Place = { ...at, varargs: false };
    const [statement, after] = safe.random.pick(ALL)(safe);
    const alone = after.variables.length === at.variables.length && !at.random.oneIn(6);
    statements.push(alone ? ['print(R(pcall(function()', [statement], 'end)))'] : statement);
    at = after;
  }
  return statements;
}

function inner(place: Place, changes: Partial<Place> = {}, head: Block = []): Block {
  return block(deeper(place, changes), 1 + place.random.below(3), head);
}

const kind = (p: Place): Kind =>
  p.random.pick([
    'number',
    'number',
    'string',
    'string',
    'boolean',
    'list',
    'record',
    'function',
    'object',
  ]);
const value = (p: Place, k: Kind) => expression(p.depth > 2 ? { ...p, depth: 2 } : p, k);
const show = (p: Place) => `S(${value(p, kind(p))})`;
/** Each loop and each function costs a step; the budget ends programs that multiply them. */
const STEP: Statement = ['T()'];

const declare: Make = (p) => {
  const k = kind(p);
  const name = named(p, 'v');
  return [[`local ${name} = ${value(p, k)}`], withVariables(p, { name, kind: k })];
};

const declareMany: Make = (p) => {
  const names = [named(p, 'm'), named(p, 'm')];
  const variables: Variable[] = names.map((name) => ({ name, kind: 'number' }));
  const right = p.random.pick([
    `${value(p, 'number')}, ${value(p, 'number')}`,
    `(${value(p, 'function')})(${value(p, 'number')}, 2)`,
    `(${value(p, 'string')}):find(${value(p, 'string')}, 1, true)`,
    `unpack(${value(p, 'list')})`,
  ]);
  return [[`local ${names.join(', ')} = ${right}`], withVariables(p, ...variables)];
};

const assign: Make = (p) => {
  const k = kind(p);
  const target = p.random.pick([variableOf(p, k) ?? 'G1', 'G2', '']);
  if (target !== '') return [[`${target} = ${value(p, target === 'G2' ? 'number' : k)}`], p];
  const [holder, field] = p.random.pick<[Kind, string]>([
    ['record', '.x'],
    ['record', '["n"]'],
    ['object', '.v'],
    ['list', '[1]'],
    ['list', `[#t + ${p.random.below(2)}]`],
  ]);
  const given = value(p, field.includes('.v') ? 'number' : k);
  // A list with a hole has more than one border, of which `#` may give any.
  const stored = holder === 'list' ? `${given} or 0` : given;
  return [[`do local t = ${value(p, holder)} t${field} = ${stored} print(S(t)) end`], p];
};

const swap: Make = (p) => {
  const a = variableOf(p, 'number') ?? 'G1';
  const b = variableOf(p, 'number') ?? 'G2';
  return [[`${a}, ${b} = ${value(p, 'number')}, ${a}`], p];
};

const print: Make = (p) => [
  [`print(${Array.from({ length: 1 + p.random.below(3) }, () => show(p)).join(', ')})`],
  p,
];

const callSomething: Make = (p) => {
  const list = variableOf(p, 'list') ?? 'GL';
  return [
    [
      p.random.pick([
        `table.insert(${list}, ${value(p, 'number')} or 0)`,
        `table.insert(${list}, 1, ${value(p, 'number')} or 0)`,
        `print(S(table.remove(${list})))`,
        `print(S(table.remove(${list}, 1)))`,
        `table.sort(${list})`,
        `table.sort(${list}, function(a, b) return a > b end)`,
        `print(table.concat(${list}, ","))`,
        `print(R((${value(p, 'function')})(${value(p, 'any')}, ${value(p, 'number')})))`,
        `rawset(${variableOf(p, 'record') ?? '{}'}, "n", ${value(p, 'any')})`,
        `assert(${value(p, 'boolean')}, ${value(p, 'string')})`,
        `print(pcall(string.rep, ${value(p, 'any')}))`,
        `table.foreachi(${list}, function(i, v) T() print(i, v) end)`,
        `G1 = ${value(p, 'any')}`,
        `print(R(unpack({${value(p, 'any')}, 2, 3}, 1, 3)))`,
      ]),
    ],
    p,
  ];
};

const branch: Make = (p) => {
  const statement: (string | Block)[] = [`if ${value(p, 'boolean')} then`, inner(p)];
  if (p.random.oneIn(2)) statement.push(`elseif ${value(p, 'boolean')} then`, inner(p));
  if (p.random.oneIn(2)) statement.push('else', inner(p));
  return [[...statement, 'end'], p];
};

const countedLoop: Make = (p) => {
  const name = named(p, 'i');
  const range = p.random.pick([
    '1, 3',
    '3, 1, -1',
    '1, 0',
    '0, 1, 0.5',
    '-1, 1',
    '1, #GL',
    `1, ${value(p, 'number')} % 4`,
  ]);
  const place = withVariables({ ...p, inLoop: true }, { name, kind: 'number' });
  return [[`for ${name} = ${range} do`, inner(place, {}, [STEP]), 'end'], p];
};

const genericLoop: Make = (p) => {
  const [k, v] = [named(p, 'k'), named(p, 'w')];
  const [source, first, second] = p.random.pick<[string, Kind, Kind]>([
    [`ipairs(${value(p, 'list')})`, 'number', 'number'],
    [`pairs({unpack(${value(p, 'list')})})`, 'number', 'number'],
    [`sorted(${value(p, 'record')})`, 'string', 'any'],
    [`(${value(p, 'string')}):gmatch("(%w)(%w*)")`, 'string', 'string'],
    ['range(3)', 'number', 'number'],
    [
      'coroutine.wrap(function() for i = 1, 2 do coroutine.yield(i, i * 2) end end)',
      'number',
      'number',
    ],
  ]);
  const place = withVariables(
    { ...p, inLoop: true },
    { name: k, kind: first },
    { name: v, kind: second },
  );
  return [[`for ${k}, ${v} in ${source} do`, inner(place, {}, [STEP]), 'end'], p];
};

const whileLoop: Make = (p) => {
  const name = named(p, 'c');
  const place = withVariables({ ...p, inLoop: true }, { name, kind: 'number' });
  return [
    [
      `local ${name} = 0`,
      `while ${name} < 3 and ${value(p, 'boolean')} ~= 7 do`,
      inner(place, {}, [[`${name} = ${name} + 1`, 'T()']]),
      'end',
    ],
    p,
  ];
};

const repeatLoop: Make = (p) => {
  const [count, flag] = [named(p, 'c'), named(p, 'f')];
  const place = withVariables({ ...p, inLoop: true }, { name: count, kind: 'number' });
  const body = inner(place, {}, [
    [`${count} = ${count} + 1`, `local ${flag} = ${value(place, 'boolean')}`, 'T()'],
  ]);
  return [[`local ${count} = 0`, 'repeat', body, `until ${count} >= 3 or ${flag}`], p];
};

const leave: Make = (p) => {
  if (!p.inLoop) return print(p);
  return [[`if ${value(p, 'boolean')} then break end`], p];
};

const doBlock: Make = (p) => [['do', inner(p), 'end'], p];

const localFunction: Make = (p) => {
  const name = named(p, 'f');
  const parameters: Variable[] = [
    { name: 'a', kind: 'number' },
    { name: 'b', kind: kind(p) },
  ];
  const varargs = p.random.oneIn(3);
  const place = withVariables({ ...p, inLoop: false, mayYield: false, varargs }, ...parameters);
  const body = inner(place, {}, [STEP]);
  const result: Statement = [
    `do return ${value(place, 'number')}${p.random.oneIn(2) ? `, ${value(place, kind(p))}` : ''} end`,
  ];
  return [
    [`local function ${name}(a, b${varargs ? ', ...' : ''})`, [...body, result], 'end'],
    withVariables(p, { name, kind: 'function' }),
  ];
};

const recursion: Make = (p) => {
  const name = named(p, 'r');
  const place = withVariables(
    { ...p, inLoop: false, mayYield: false, varargs: false },
    { name: 'n', kind: 'number' },
  );
  return [
    [
      `local function ${name}(n)`,
      [
        STEP,
        [`if type(n) ~= "number" or n <= 0 or n > 8 then return ${value(place, 'number')} end`],
      ],
      p.random.oneIn(2) ? `  return ${name}(n - 1)` : `  return n * ${name}(n - 1)`,
      'end',
      `print(S(${name}(${p.random.below(6)})))`,
    ],
    p,
  ];
};

const protectedCall: Make = (p) => {
  const place = { ...p, inLoop: false, mayYield: false, varargs: false };
  const raise = p.random.pick<Statement>([
    ['do return 1, 2, nil end'],
    [`error(${value(place, 'string')})`],
    [`error(${value(place, 'string')}, ${p.random.below(3)})`],
    [`error({code = ${value(place, 'number')}})`],
    [`error(${value(place, 'any')})`],
    [`local x = (${value(place, 'any')}).y.z`],
    [`undefinedFunction(${value(place, 'any')})`],
    [`do return ${value(place, 'any')} + ${value(place, 'any')} end`],
    [`return ${value(place, 'any')} .. ${value(place, 'any')}`],
    [`return ${value(place, 'any')} < ${value(place, 'any')}`],
    [`return (${value(place, 'any')})(1)`],
  ]);
  const body: Block = [...inner(place, {}, [STEP]), raise];
  return p.random.oneIn(3)
    ? [['print(xpcall(function()', body, `end, function(e) return "handled " .. S(e) end))`], p]
    : [['print(R(pcall(function(...)', body, `end, ${value(p, 'any')})))`], p];
};

const coroutineUse: Make = (p) => {
  const name = named(p, 'co');
  const place: Place = withVariables(
    { ...p, inLoop: false, mayYield: true, varargs: false },
    { name: 'a', kind: 'number' },
  );
  return [
    [
      `local ${name} = coroutine.create(function(a)`,
      inner(place, {}, [STEP]),
      'end)',
      `for i = 1, ${1 + p.random.below(4)} do print(coroutine.status(${name}), R(coroutine.resume(${name}, ${value(p, 'number')}))) end`,
      `print(coroutine.status(${name}))`,
    ],
    p,
  ];
};

const yieldValue: Make = (p) => {
  if (!p.mayYield) return print(p);
  const name = named(p, 'y');
  return [
    [`local ${name} = coroutine.yield(${value(p, kind(p))})`],
    withVariables(p, { name, kind: 'number' }),
  ];
};

const method: Make = (p) => {
  const name = named(p, 'C');
  const place = withVariables(
    { ...p, inLoop: false, mayYield: false, varargs: false },
    { name: 'self', kind: 'record' },
    { name: 'a', kind: 'number' },
  );
  return [
    [
      `local ${name} = {x = ${value(p, 'number')}, sub = {}}`,
      `function ${name}:go(a)`,
      [STEP, ...inner(place)],
      '  self.x = a',
      '  return self',
      'end',
      `function ${name}.sub.f(...) return select("#", ...), ... end`,
      `print(S(${name}:go(${value(p, 'number')}):go(2).x), ${name}.sub.f(nil, nil))`,
    ],
    withVariables(p, { name, kind: 'record' }),
  ];
};

const closures: Make = (p) => {
  const name = named(p, 'fs');
  const place = withVariables(
    { ...p, inLoop: true, varargs: false, mayYield: false },
    { name: 'i', kind: 'number' },
  );
  return [
    [
      `local ${name} = {}`,
      'for i = 1, 3 do',
      [
        [
          `local j = ${value(place, 'number')}`,
          `${name}[i] = function() j = j + i return j, i end`,
        ],
      ],
      'end',
      `print(${name}[1](), ${name}[1](), ${name}[3]())`,
    ],
    p,
  ];
};

const environment: Make = (p) => [
  [
    p.random.pick([
      `print(R(pcall(setfenv(function() return G1, x end, {x = ${value(p, 'any')}}))))`,
      `print(S(R(pcall(loadstring(${JSON.stringify('local a, b = ... return a + b')}), ${value(p, 'number')}, ${value(p, 'any')}))))`,
      `print(loadstring(${p.random.pick(['"x ="', '"return ?"', '"for"', '"goto = 1"', '"break"', '"return \'a"'])}))`,
      `print(getmetatable(${value(p, 'any')}) == nil, tostring(getmetatable("").__index == string))`,
    ]),
  ],
  p,
];

const SIMPLE: readonly Make[] = [
  declare,
  assign,
  print,
  print,
  callSomething,
  swap,
  leave,
  yieldValue,
];
const ALL: readonly Make[] = [
  ...SIMPLE,
  declare,
  declareMany,
  branch,
  countedLoop,
  genericLoop,
  whileLoop,
  repeatLoop,
  doBlock,
  localFunction,
  recursion,
  protectedCall,
  protectedCall,
  coroutineUse,
  method,
  closures,
  environment,
];
