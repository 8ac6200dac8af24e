import {
  createPasswords,
  type MakeScheme,
  PasswordOptionsError,
  type Unusable,
} from '@sallyport/passwords';
import test from 'ava';
import fc from 'fast-check';
import { runs } from '../world/deep.ts';
import { costOf, countingEngine } from './counting.ts';

const CHEAP = {
  argon2: { memoryKiB: 64, passes: 1, lanes: 1 },
  scrypt: { logN: 4, blockSize: 8, parallelization: 1 },
  bcryptCost: 4,
  shaCryptRounds: 1000,
};
const SCHEMES: readonly MakeScheme[] = [
  ...(['argon2id', 'scrypt', 'bcrypt'] as const),
  ...(['sha512-crypt', 'sha256-crypt', 'ssha512', 'ssha256'] as const),
];
const ARGON2 =
  '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4';
const BCRYPT_72 = '$2b$04$abcdefghijklmnopqrstuu';

test('A hash made in any scheme matches its password, no other, and never comes out twice.', async (t) => {
  await using passwords = createPasswords({ costs: CHEAP });
  const password = fc.string({ unit: 'grapheme', maxLength: 18 }).filter((p) => !p.includes('\0'));
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...SCHEMES), password, password, async (scheme, one, two) => {
      const made = await passwords.make(scheme, one);
      const again = await passwords.make(scheme, one);
      if (made.outcome !== 'made' || again.outcome !== 'made') {
        // 18 graphemes may be more than bcrypt's 72 bytes.
        return scheme === 'bcrypt' && Buffer.byteLength(one) > 72 && made.outcome === 'refused';
      }
      const right = await passwords.verify(made.hash, one);
      const bytes = await passwords.verify(made.hash, Buffer.from(one));
      const wrong = await passwords.verify(made.hash, two);
      return (
        made.hash !== again.hash &&
        right.outcome === 'match' &&
        bytes.outcome === 'match' &&
        (wrong.outcome === 'match') === (one === two)
      );
    }),
    runs(60, 3000),
  );
  t.pass();
});

test('A password above 72 bytes is refused by bcrypt even where its first 72 are right, with the same work done.', async (t) => {
  const engine = countingEngine();
  await using passwords = createPasswords({ costs: CHEAP }, engine);
  const right = 'a'.repeat(72);
  const made = await passwords.make('bcrypt', right);
  t.is(made.outcome, 'made');
  const hash = made.outcome === 'made' ? made.hash : '';
  t.deepEqual(await passwords.verify(hash, right), { outcome: 'match' });
  t.deepEqual(await passwords.verify(hash, `${right}b`), {
    ...{ outcome: 'refused', reason: 'password-too-long' },
  });
  t.deepEqual(costOf(engine.asked[2] as never), costOf(engine.asked[1] as never));
  t.deepEqual(await passwords.make('bcrypt', `${right}b`), {
    ...{ outcome: 'refused', reason: 'password-too-long' },
  });
  t.is(engine.asked.length, 3);
});

test('A NUL in the password is refused where crypt(3) would have stopped reading at it.', async (t) => {
  await using passwords = createPasswords({ costs: CHEAP });
  for (const scheme of ['bcrypt', 'sha512-crypt'] as const) {
    const made = await passwords.make(scheme, 'secret');
    const hash = made.outcome === 'made' ? made.hash : '';
    for (const password of ['secret\0', 'secret\0more', '\0']) {
      const refused = { outcome: 'refused', reason: 'password-has-nul' } as const;
      t.deepEqual(await passwords.verify(hash, password), refused);
      t.deepEqual(await passwords.make(scheme, password), refused);
    }
  }
  const made = await passwords.make('argon2id', 'secret\0more');
  const hash = made.outcome === 'made' ? made.hash : '';
  t.deepEqual(await passwords.verify(hash, 'secret\0more'), { outcome: 'match' });
  t.deepEqual(await passwords.verify(hash, 'secret'), { outcome: 'mismatch' });
});

test('Bytes that are no UTF-8 are refused by bcrypt, and lone surrogates by all.', async (t) => {
  await using passwords = createPasswords({ costs: CHEAP });
  const refused = { outcome: 'refused', reason: 'password-not-utf8' } as const;
  t.deepEqual(await passwords.make('bcrypt', Uint8Array.of(0xff)), refused);
  const made = await passwords.make('bcrypt', '\ufffd');
  const hash = made.outcome === 'made' ? made.hash : '';
  t.deepEqual(await passwords.verify(hash, Uint8Array.of(0xff)), refused);
  t.deepEqual(await passwords.verify(ARGON2, 'a\ud800'), refused);
});

test('A password above the limit is refused before anything is computed, whoever the user is.', async (t) => {
  const engine = countingEngine();
  await using passwords = createPasswords({ limits: { passwordBytes: 100 } }, engine);
  const refused = { outcome: 'refused', reason: 'password-too-long' } as const;
  for (const password of ['x'.repeat(101), 'ä'.repeat(51), Buffer.alloc(101, 1)]) {
    t.deepEqual(await passwords.verify(ARGON2, password), refused);
    t.deepEqual(await passwords.verify('garbage', password), refused);
    t.deepEqual(await passwords.verifyNobody(password), refused);
    t.deepEqual(await passwords.make('argon2id', password), refused);
  }
  t.is(engine.asked.length, 0);
});

test('Passwords in clear are taken only when allowed.', async (t) => {
  await using strict = createPasswords();
  await using lax = createPasswords({ plain: true });
  for (const hash of ['{PLAIN}secret', '{cleartext}secret', '{CLEAR.HEX}736563726574']) {
    const verdict = await strict.verify(hash, 'secret');
    t.is(verdict.outcome === 'unusable' && verdict.reason, 'not-allowed');
    t.deepEqual(await lax.verify(hash, 'secret'), { outcome: 'match' });
    t.deepEqual(await lax.verify(hash, 'secre'), { outcome: 'mismatch' });
    t.deepEqual(await lax.verify(hash, ''), { outcome: 'mismatch' });
  }
  const bare = await lax.verify('secret', 'secret');
  t.is(bare.outcome === 'unusable' && bare.reason, 'unknown-scheme');
});

const UNUSABLE: readonly (readonly [string, Unusable['reason']])[] = [
  ['', 'unknown-scheme'],
  ['*', 'unknown-scheme'],
  ['!', 'unknown-scheme'],
  ['$1$rasmusle$rISCgZzpwk3UhDidwXvin0', 'unknown-scheme'],
  ['$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', 'unknown-scheme'],
  ['$y$j9T$salt$hash', 'unknown-scheme'],
  ['$constructor$x', 'unknown-scheme'],
  ['{CONSTRUCTOR}x', 'unknown-scheme'],
  ['{SCRAM-SHA-256}4096,a,b,c', 'unknown-scheme'],
  ['{SHA512-CRYPT}$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5', 'unknown-scheme'],
  ['{ARGON2ID.B64}JGFyZ29uMmlk', 'unknown-scheme'],
  [ARGON2.replace('v=19', 'v=16'), 'unknown-scheme'],
  [ARGON2.replace('m=256', 'm=7'), 'malformed'],
  [ARGON2.replace('t=2', 't=0'), 'malformed'],
  [ARGON2.replace('c29tZXNhbHQ', 'c29t'), 'malformed'],
  [ARGON2.replace(/\$[^$]*$/, '$'), 'malformed'],
  [ARGON2.replace('i/4', 'i/5'), 'malformed'],
  [`${ARGON2}\n`, 'malformed'],
  ['{SHA}', 'malformed'],
  ['{SSHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=', 'malformed'],
  ['{SSHA}####', 'malformed'],
  ['{SHA256.HEX}7fb4', 'malformed'],
  ['$2b$03$abcdefghijklmnopqrstuuPp7HPfoAs8I2dCQCQ/fW7zEJv8I8C8e', 'malformed'],
  [`${BCRYPT_72}Pp7HPfoAs8I2dCQCQ`, 'malformed'],
  ['$6$rounds=10$saltstring$x', 'malformed'],
  ['$5$rounds=999$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5', 'malformed'],
  ['x'.repeat(1025), 'malformed'],
  [ARGON2.replace('m=256', 'm=4294967295'), 'too-costly'],
  [ARGON2.replace('t=2', 't=17'), 'too-costly'],
  [ARGON2.replace('p=1', 'p=17'), 'too-costly'],
  ['$scrypt$ln=30,r=8,p=1$TmFDbA$TmFDbE5hQ2xOYUNsTmFDbA', 'too-costly'],
  ['$scrypt$ln=14,r=4000000000,p=1$TmFDbA$TmFDbE5hQ2xOYUNsTmFDbA', 'too-costly'],
  ['$scrypt$ln=2,r=8,p=4000000000$TmFDbA$TmFDbE5hQ2xOYUNsTmFDbA', 'too-costly'],
  ['$2b$15$abcdefghijklmnopqrstuuPp7HPfoAs8I2dCQCQ/fW7zEJv8I8C8e', 'too-costly'],
  ['$5$rounds=1000001$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5', 'too-costly'],
];

test('Hashes of unknown schemes, malformed ones and too costly ones are told apart, without any work.', async (t) => {
  const engine = countingEngine();
  await using passwords = createPasswords({ plain: true }, engine);
  for (const [hash, reason] of UNUSABLE) {
    const verdict = await passwords.verify(hash, 'test');
    t.is(verdict.outcome === 'unusable' && verdict.reason, reason, hash);
  }
  t.is(engine.asked.length, 0);
});

test('The limits are the operator’s: what is above them is refused, what is at them is verified.', async (t) => {
  await using tight = createPasswords({
    limits: { memoryKiB: 32 * 1024, argon2Passes: 2, bcryptCost: 12 },
    costs: { argon2: { memoryKiB: 1024, passes: 1, lanes: 1 } },
  });
  t.is((await tight.verify(ARGON2, 'password')).outcome, 'match');
  const verdict = await tight.verify(ARGON2.replace('t=2', 't=3'), 'password');
  t.deepEqual(verdict, {
    ...{ outcome: 'unusable', reason: 'too-costly' },
    detail: 'argon2 passes is 3, the most allowed is 2',
  });
});

test('Any text as a hash gives a value, and never lets anybody in by accident.', async (t) => {
  await using passwords = createPasswords({
    costs: { ...CHEAP, argon2: { memoryKiB: 64, passes: 1, lanes: 1 } },
    limits: { memoryKiB: 1024 * 32, argon2Passes: 3, bcryptCost: 10, shaCryptRounds: 120_000 },
  });
  const seeds = [
    ...[ARGON2, `${BCRYPT_72}Pp7HPfoAs8I2dCQCQ/fW7zEJv8I8C8e`],
    '{SSHA}H/zrDv8FXUu1JmwvVYijfrYEF34jVZcO',
    '{SSHA256.HEX}f2ee15ec23cae0f60ff59f04efa4315374864ab24a08a260bf5c25801abae4415b664b84',
    '$5$rounds=1000$longpass$LPQSvTRKsF8dDZ/nM.Ql40ff3AG/BMdgD9eGD/.v1H5',
    '$scrypt$ln=4,r=8,p=1$TmFDbA$TmFDbE5hQ2xOYUNsTmFDbA',
  ];
  const mutated = fc
    .tuple(fc.constantFrom(...seeds), fc.nat(), fc.nat(3), fc.string({ maxLength: 4 }))
    .map(([seed, at, cut, text]) => {
      const start = at % (seed.length + 1);
      return seed.slice(0, start) + text + seed.slice(start + cut);
    });
  const made = fc.stringMatching(/^[{$][a-zA-Z0-9{}$=,./]{0,40}$/);
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string(), made, mutated), fc.uuid(), async (hash, password) => {
      const { outcome } = await passwords.verify(hash, password);
      return outcome === 'mismatch' || outcome === 'unusable';
    }),
    runs(400, 20_000),
  );
  t.pass();
});

test('An unknown user takes the same work as a known one, with the right password and with a wrong one.', async (t) => {
  for (const nobody of SCHEMES) {
    const engine = countingEngine();
    await using passwords = createPasswords({ costs: CHEAP, nobody }, engine);
    const made = await passwords.make(nobody, 'right');
    const hash = made.outcome === 'made' ? made.hash : '';
    engine.asked.length = 0;
    t.is((await passwords.verify(hash, 'right')).outcome, 'match');
    t.is((await passwords.verify(hash, 'wrong')).outcome, 'mismatch');
    t.is((await passwords.verifyNobody('right')).outcome, 'mismatch');
    t.is((await passwords.verifyNobody('')).outcome, 'mismatch');
    t.is(engine.asked.length, 4);
    for (const work of engine.asked) t.deepEqual(costOf(work), costOf(engine.asked[0] as never));
  }
});

test('Options out of range are refused with the name of the option and the rule.', (t) => {
  const message = (options: Parameters<typeof createPasswords>[0]) =>
    t.throws(() => createPasswords(options), { instanceOf: PasswordOptionsError })?.message;
  t.is(message({ concurrency: 0 }), 'concurrency is 0, must be a whole number from 1 to 64');
  t.is(
    message({ limits: { bcryptCost: 9 } }),
    'costs.bcryptCost is 10, must be a whole number from 4 to 9',
  );
  t.is(
    message({ limits: { memoryKiB: 1 } }),
    'limits.memoryKiB is 1, must be a whole number from 1024 to 4194304',
  );
  t.is(
    message({ costs: { scrypt: { logN: 30, blockSize: 8, parallelization: 1 } } }),
    'costs.scrypt takes 1073741824 KiB, the most allowed is 262144',
  );
});

test('A check of a hash computes nothing and says what verifying it would.', async (t) => {
  const engine = countingEngine();
  await using passwords = createPasswords({}, engine);
  t.is(passwords.check(ARGON2), undefined);
  const hashes = [
    ...['', 'hunter2', '$1$x$y', '{PLAIN}x', '{SSHA}x', ARGON2.slice(0, -4)],
    ARGON2.replace('m=256', 'm=99999999'),
  ];
  for (const hash of hashes) {
    const fault = passwords.check(hash);
    t.is(fault?.outcome, 'unusable', hash);
    t.deepEqual(await passwords.verify(hash, 'x'), fault);
  }
  t.is(engine.asked.length, 0);
});
