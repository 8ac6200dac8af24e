import { runs } from '../../world/deep.ts';
import { testWith } from '../../world/needs.ts';
import { disagreements, told } from './compare.ts';
import { generate } from './generate.ts';
import { type Random, seeded, startSeed } from './random.ts';
import { render } from './tree.ts';

const test = testWith('lua5.1');

test('source text that was cut, doubled, swapped or garbled is accepted or refused as by lua5.1, with the same words', async (t) => {
  const { numRuns } = runs(2000, 100_000);
  const start = startSeed();
  t.log(`seeds ${start} to ${start + numRuns - 1}`);
  t.timeout(60_000 + numRuns * 20);
  for (let done = 0; done < numRuns; done += BATCH) {
    const texts = Array.from({ length: Math.min(BATCH, numRuns - done) }, (_, i) => {
      const random = seeded(start + done + i);
      return garbled(random, render(generate(random.below(2 ** 31))).slice(0, 2000));
    });
    const [first] = await disagreements(texts.map(asked));
    if (first !== undefined) {
      t.fail(
        `SALLYPORT_SEED=${start + done + first.at}\n${told(texts[first.at] as string, first)}`,
      );
      return;
    }
  }
  t.pass();
});

const BATCH = 500;

/** A program that only compiles `text` and prints what came of it. */
function asked(text: string): string {
  const bytes = Array.from(text, (char) => `\\${char.charCodeAt(0).toString().padStart(3, '0')}`);
  return `local f, e = loadstring("${bytes.join('')}", "=x") print(f ~= nil, ((e or ""):gsub("%z", "<zero>")))`;
}

function garbled(random: Random, text: string): string {
  let result = text;
  for (let i = random.below(3); i >= 0; i--) result = random.pick(MUTATIONS)(random, result);
  return result;
}

type Mutation = (random: Random, text: string) => string;

const TOKENS = /[A-Za-z_]\w*|\d[\w.]*|"(?:[^"\\]|\\.)*"|\.\.\.?|[=~<>]=|\S/g;

function tokens(text: string): RegExpExecArray[] {
  return [...text.matchAll(TOKENS)];
}

const MUTATIONS: readonly Mutation[] = [
  // Cut off.
  (random, text) => text.slice(0, random.below(text.length + 1)),
  // A byte more, less or other.
  (random, text) => splice(text, random.below(text.length + 1), 1, ''),
  (random, text) => splice(text, random.below(text.length + 1), 0, byte(random)),
  (random, text) => splice(text, random.below(text.length + 1), 1, byte(random)),
  // A token gone, doubled, or another one's.
  (random, text) => token(random, text, () => ''),
  (random, text) => token(random, text, (found) => `${found} ${found}`),
  (random, text) => token(random, text, () => random.pick(tokens(text))?.[0] ?? ''),
  (random, text) => token(random, text, () => random.pick(WORDS)),
  (random, text) => token(random, text, (found) => `${random.pick(WORDS)} ${found}`),
];

// No zero bytes: to PUC's lexer one after `.` is another dot, as it looks the byte up in a C string.
const WORDS = [
  ...'and break do else elseif end false for function if in local nil not or repeat return then true until while'.split(
    ' ',
  ),
  ...'+ - * / % ^ # == ~= <= >= < > = ( ) { } [ ] ; : , . .. ... " \' [[ ]] [=[ -- --[[ \\ 1e 0x 1..2 3x'.split(
    ' ',
  ),
  '"\\300"',
  '"\\xyz"',
  '\n',
  '~',
  '@',
];

function token(random: Random, text: string, change: (found: string) => string): string {
  const all = tokens(text);
  if (all.length === 0) return text;
  const found = random.pick(all);
  return splice(text, found.index, found[0].length, change(found[0]));
}

function byte(random: Random): string {
  return random.oneIn(4)
    ? String.fromCharCode(1 + random.below(255))
    : random.pick([...'"\'[]()={}<>~-+.,;:#%\n 09exX\\_']);
}

function splice(text: string, at: number, length: number, put: string): string {
  return text.slice(0, at) + put + text.slice(at + length);
}
