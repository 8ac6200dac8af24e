import { bytes, ConfigError, defineConfig, duration, loadConfig, secret } from '@sallyport/runtime';
import test from 'ava';
import fc from 'fast-check';
import { Type } from 'typebox';
import { Check } from 'typebox/value';
import { stringify } from 'yaml';
import { runs } from '../world/deep.ts';

const a = defineConfig(
  'a',
  Type.Object({
    text: Type.String({ default: 'x', maxLength: 20 }),
    whole: Type.Integer({ default: 1, minimum: 0 }),
    number: Type.Number({ default: 1 }),
    yes: Type.Boolean({ default: true }),
    list: Type.Array(Type.Integer(), { default: [], uniqueItems: true }),
    wait: duration({ default: '1s' }),
    size: bytes({ default: '1B' }),
    token: Type.Optional(secret()),
    labels: Type.Record(Type.String(), Type.String(), { default: {} }),
    any: Type.Optional(Type.Unknown()),
    kind: Type.Optional(
      Type.Union([
        Type.Object({ kind: Type.Literal('x'), n: Type.Integer() }),
        Type.Object({ kind: Type.Literal('y'), token: secret() }),
        Type.Literal('auto'),
        Type.Integer(),
      ]),
    ),
  }),
);

const NAMES = [
  ...Object.keys(a.schema.properties),
  ...[
    'a',
    'b',
    'n',
    'kind',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    '<<',
    '',
    'é',
  ],
];

/** Values that are nearly right: the right keys, and values of all kinds under them. */
const nearly = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(
      'x',
      'y',
      'auto',
      '5s',
      '10MiB',
      'env:A',
      'env:SECRET',
      'file:/f',
      'file:/none',
      '',
      'true',
    ),
    fc.integer(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.string(),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(fc.tuple(fc.constantFrom(...NAMES), tie('value')), { maxLength: 5 }).map(
      // Not Object.fromEntries over a literal: __proto__ has to become a key of its own.
      (entries) => new Map(entries as [string, unknown][]),
    ),
  ),
})).value;

const section = fc
  .array(fc.tuple(fc.constantFrom(...NAMES), nearly), { maxLength: 8 })
  .map((entries) => new Map([['a', new Map(entries)]]));

const environment = fc.dictionary(
  fc.oneof(
    fc.constantFrom(...NAMES).map((name) => `SALLYPORT_A__${name.toUpperCase()}`),
    fc
      .array(fc.constantFrom(...NAMES, '_', '__'), { maxLength: 3 })
      .map((n) => `SALLYPORT_A__${n.join('__')}`.toUpperCase()),
    fc.string().map((text) => `SALLYPORT_${text}`),
  ),
  fc.oneof(
    fc.string(),
    fc.constantFrom('1', 'true', '[1,2]', '{"kind":"x"}', '{', '[[', 'env:SECRET', '5s'),
  ),
  { maxKeys: 4 },
);

const SECRET = 'do-not-show-this';

async function judge(text: string, env: Record<string, string>): Promise<boolean> {
  const input = {
    sections: [a] as const,
    files: [{ name: 'f.yaml', text }],
    env: { ...env, A: '5', SECRET },
    readFile: async (path: string) => {
      if (path !== '/f') throw Object.assign(new Error(SECRET), { code: 'ENOENT' });
      return SECRET;
    },
  };
  let shown: string;
  let valid = true;
  try {
    const config = await loadConfig(input);
    if (!Check(a.schema, config.values.a)) throw new Error('a result that breaks its schema');
    if (!Object.isFrozen(config.values.a)) throw new Error('not frozen');
    shown = config.show() + JSON.stringify(config.entries);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    if (error.mistakes.length === 0) throw new Error('an error without a mistake');
    shown = error.message + JSON.stringify(error.mistakes);
    valid = false;
  }
  if (shown.includes(SECRET)) throw new Error(`it shows a secret: ${shown}`);
  if (Object.keys(Object.prototype).length > 0) throw new Error('polluted');
  return valid;
}

test('any nearly right configuration is either valid or a ConfigError, and shows no secret', async (t) => {
  let valid = 0;
  let invalid = 0;
  await fc.assert(
    fc.asyncProperty(section, environment, async (value, env) => {
      if (await judge(stringify(value), env)) valid += 1;
      else invalid += 1;
    }),
    runs(1500),
  );
  // Otherwise the property would say nothing about one of the two.
  t.true(valid > 20 && invalid > 20, `${valid} valid, ${invalid} invalid`);
});

test('any text is either a valid configuration or a ConfigError', async (t) => {
  const token = fc.constantFrom(
    ...[
      'a:',
      'a',
      ': ',
      '\n',
      '  ',
      '- ',
      '{',
      '}',
      '[',
      ']',
      ',',
      '&x ',
      '*x ',
      '!!str ',
      '!t ',
      '|',
      '>',
      '#',
      '"',
      "'",
    ],
    ...[
      '---\n',
      '...\n',
      '%YAML 1.2\n',
      '? ',
      '\t',
      '\\',
      '<<: ',
      'text',
      '1',
      'é',
      '\u0000',
      '\u2028',
      '__proto__',
      '!!binary ',
    ],
  );
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.array(token, { maxLength: 40 }).map((t) => t.join('')),
      ),
      async (text) => {
        await judge(text, {});
      },
    ),
    runs(3000),
  );
  t.pass();
});
