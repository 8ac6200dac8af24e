import { runs } from '../../world/deep.ts';
import { testWith } from '../../world/needs.ts';
import { disagreements, told } from './compare.ts';
import { type Random, seeded, startSeed } from './random.ts';

const test = testWith('lua5.1');

test('random patterns find, match and replace as in lua5.1, mistakes included', async (t) => {
  const { numRuns } = runs(10_000, 500_000);
  const start = startSeed();
  t.log(`seeds ${start} to ${start + numRuns / CASES}`);
  t.timeout(60_000 + numRuns * 5);
  for (let done = 0; done < numRuns; done += CASES * BATCH) {
    const programs = Array.from({ length: BATCH }, (_, i) =>
      program(seeded(start + done / CASES + i)),
    );
    const [first] = await disagreements(programs);
    if (first !== undefined) {
      t.fail(
        `SALLYPORT_SEED=${start + done / CASES + first.at}\n${told(programs[first.at] as string, first)}`,
      );
      return;
    }
  }
  t.pass();
});

test('random format directives write numbers and texts as in lua5.1', async (t) => {
  const { numRuns } = runs(10_000, 500_000);
  const start = startSeed();
  t.log(`seeds ${start} to ${start + numRuns / CASES}`);
  t.timeout(60_000 + numRuns * 5);
  for (let done = 0; done < numRuns; done += CASES * BATCH) {
    const programs = Array.from({ length: BATCH }, (_, i) =>
      formats(seeded(start + done / CASES + i)),
    );
    const [first] = await disagreements(programs);
    if (first !== undefined) {
      t.fail(
        `SALLYPORT_SEED=${start + done / CASES + first.at}\n${told(programs[first.at] as string, first)}`,
      );
      return;
    }
  }
  t.pass();
});

/** Prints results with strings quoted: PUC's print ends them at a zero byte. */
const SHOWN = `local function show(...)
  local parts = {}
  for i = 1, select("#", ...) do
    local v = select(i, ...)
    parts[i] = type(v) == "string" and string.format("%q", v) or tostring(v)
  end
  print(table.concat(parts, " "))
end
`;

/** Cases of one program, programs of one batch. */
const CASES = 20;
const BATCH = 100;

function program(random: Random): string {
  let text = SHOWN;
  for (let i = 0; i < CASES; i++) {
    const [subject, pattern] = [literal(subjectOf(random)), literal(patternOf(random))];
    const call = random.pick([
      `string.find, ${subject}, ${pattern}, ${random.below(6) - 2}`,
      `string.find, ${subject}, ${pattern}`,
      `string.match, ${subject}, ${pattern}`,
      `string.gsub, ${subject}, ${pattern}, ${literal(random.pick(['x', '<%0>', '%1', '%2%1', '%%', '']))}`,
      `string.gsub, ${subject}, ${pattern}, function(...) return select("#", ...) end, ${random.below(4)}`,
      `string.gsub, ${subject}, ${pattern}, {a = 1, b = "B", [1] = "one", [""] = "empty"}`,
      `function(s, p) local r = {} for a, b in s:gmatch(p) do r[#r + 1] = tostring(a) .. tostring(b) end return table.concat(r, ";") end, ${subject}, ${pattern}`,
    ]);
    text += `show(pcall(${call}))\n`;
  }
  return text;
}

function patternOf(random: Random): string {
  let pattern = random.oneIn(4) ? '^' : '';
  for (let i = random.below(6); i >= 0; i--) {
    pattern += random.pick(ATOMS) + (random.oneIn(2) ? random.pick(['*', '+', '-', '?']) : '');
  }
  return pattern;
}

function subjectOf(random: Random): string {
  let subject = '';
  for (let i = random.below(16); i > 0; i--) subject += random.pick([...'abcab ()1._]x\0\xe9']);
  return subject;
}

const ATOMS = [
  ...'a b c . %a %w %d %s %z %p %x %l %u %c %A %W %S [ab] [^a] [a-c] [%w_] %. []] [^]] [a%] 1 x [%a-z] [a-] [-a]'.split(
    ' ',
  ),
  ...'( ) () (a) (.-) (%w+) (.) ((a)b) %1 %2 %b() %bab %f[%w] %f[^a] %f[%z] ^ $ % [ - * + ? \0 \xe9 [\x80-\xff]'.split(
    ' ',
  ),
];

function formats(random: Random): string {
  let text = SHOWN;
  for (let i = 0; i < CASES; i++) {
    const letter = random.pick([...'diuoxXeEfgGcsqy']);
    // glibc loses the zeros of %#g where rounding reaches the next power of ten: not followed.
    const flagged = 'gG'.includes(letter) ? flags(random).replaceAll('#', '') : flags(random);
    const width = random.pick(['', '', '5', '12', '30', '123']);
    const precision = random.pick([
      '',
      '',
      '.',
      '.0',
      '.1',
      '.3',
      '.14',
      '.17',
      '.20',
      '.99',
      '.123',
    ]);
    const directive = `%${flagged}${width}${precision}${letter}`;
    text += `show(pcall(string.format, "[${directive}]", ${random.oneIn(6) ? literal(subjectOf(random)) : numeral(random)}))\n`;
  }
  return text;
}

function flags(random: Random): string {
  let text = '';
  for (let i = random.below(4); i > 0; i--) text += random.pick([...'-+ #0']);
  return text;
}

function numeral(random: Random): string {
  const sign = random.pick(['', '-']);
  return random.pick([
    () => `${sign}${random.below(1000)}`,
    () => `${sign}${random.below(2 ** 31)}${random.below(2 ** 31)}`,
    () => `${sign}${random.below(1000)}.${random.below(1000)}`,
    () => `${sign}${random.below(10)}.${random.below(2 ** 31)}e${random.below(600) - 300}`,
    () => `${sign}${2 * random.below(500) + 1}/${2 ** random.below(12)}`,
    () =>
      random.pick([
        '1/0',
        '-1/0',
        '2^63',
        '2^64',
        '-2^63',
        '5e-324',
        '1e15',
        '1e14',
        '0.5',
        '2.5',
        '1e21',
        '9.9999999999999995e-5',
        '99999999999999.5',
      ]),
  ])();
}

/** `text` as a Lua string. */
function literal(text: string): string {
  return `"${Array.from(text, (c) => `\\${c.charCodeAt(0).toString().padStart(3, '0')}`).join('')}"`;
}
