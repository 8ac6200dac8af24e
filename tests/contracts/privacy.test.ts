import { createHmac } from 'node:crypto';
import {
  authDecided,
  ContractError,
  catalogue,
  defineEvent,
  handshakeCompleted,
  Personal,
  type PrivacyPolicy,
  privacyFilter,
  type Treatment,
} from '@sallyport/contracts';
import test from 'ava';
import fc from 'fast-check';
import Type from 'typebox';
import { runs } from '../world/deep.ts';
import { arbitrary } from './arbitrary.ts';
import { golden } from './golden.ts';

const keyedHash = (text: string) => createHmac('sha256', 'key').update(text).digest('base64url');
const policy = (treatment: Treatment): PrivacyPolicy => ({
  keyedHash,
  treatments: {
    ...{ account: treatment, address: treatment, device: treatment },
    ...{ person: treatment, 'user-agent': treatment },
  },
});
const address = defineEvent({
  ...{ type: 'privacy.probe', version: 1, summary: '' },
  data: Type.Object({ v: Personal('address', { maxLength: 64 }) }),
});
const one = (kind: Parameters<typeof Personal>[0], treatment: Treatment, value: string) =>
  privacyFilter(
    { subject: 'probe', schema: Type.Object({ v: Personal(kind, { maxLength: 100 }) }) },
    policy(treatment),
  )({ v: value }).v;
const hash = (kind: string, value: string) => `hk1.${keyedHash(`${kind}\0${value}`)}`;

for (const [address_, prefix] of [
  ['192.0.2.77', '192.0.2.0/24'],
  ['255.255.255.255', '255.255.255.0/24'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1::/48'],
  ['2001:DB8::1', '2001:db8::/48'],
  ['2001:0db8:0000:0000::', '2001:db8::/48'],
  ['::1', '::/48'],
  ['::', '::/48'],
  ['1:2:3:4:5:6:7::', '1:2:3::/48'],
  ['::2:3:4:5:6:7:8', '0:2:3::/48'],
  ['fe80::1%eth0', 'fe80::/48'],
  ['::ffff:192.0.2.77', '192.0.2.0/24'],
  ['::ffff:c000:024d', '192.0.2.0/24'],
  ['64:ff9b::192.0.2.77', '64:ff9b::/48'],
] as const) {
  test(`of the address ${address_} the prefix is ${prefix}`, (t) => {
    t.is(one('address', 'prefix', address_), prefix);
  });
}

for (const bad of [
  '',
  'x',
  '1.2.3',
  '1.2.3.256',
  '01.2.3.4',
  '1::2::3',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7:8::',
  '12345::',
  'g::',
  '::1.2.3.4.5',
  '1.2.3.4::',
  ':1::2',
]) {
  test(`'${bad}' is no address, so its prefix is a hash`, (t) => {
    t.is(one('address', 'prefix', bad), hash('address', bad));
  });
}

test('of an account the prefix is its domain, and a hash where it has none', (t) => {
  t.is(one('account', 'prefix', 'alice@example.com'), '@example.com');
  t.is(one('account', 'prefix', '"a@b"@example.com'), '@example.com');
  t.is(one('account', 'prefix', 'alice'), hash('account', 'alice'));
  t.is(one('account', 'prefix', 'alice@'), hash('account', 'alice@'));
});

test('of a user agent the prefix is its first product, and a hash where it has none', (t) => {
  t.is(one('user-agent', 'prefix', 'Mozilla/5.0 (X11; Linux)'), 'Mozilla');
  t.is(one('user-agent', 'prefix', 'curl'), 'curl');
  t.is(one('user-agent', 'prefix', '(odd)'), hash('user-agent', '(odd)'));
  t.is(one('user-agent', 'prefix', 'alice@example.com'), hash('user-agent', 'alice@example.com'));
});

test('names of people and of devices have no prefix: they are hashed', (t) => {
  t.is(one('person', 'prefix', 'CN=Alice'), hash('person', 'CN=Alice'));
  t.is(one('device', 'prefix', 'laptop'), hash('device', 'laptop'));
});

test('equal values of one class have equal hashes, of two classes they have not', (t) => {
  t.is(one('account', 'hash', 'x'), one('account', 'hash', 'x'));
  t.not(one('account', 'hash', 'x'), one('account', 'hash', 'y'));
  t.not(one('account', 'hash', 'x'), one('person', 'hash', 'x'));
});

test('a treatment that is missing or unknown hashes', (t) => {
  const odd = { keyedHash, treatments: { address: 'nonsense' } } as unknown as PrivacyPolicy;
  t.is(privacyFilter(address, odd)({ v: '192.0.2.7' }).v, hash('address', '192.0.2.7'));
  const none = { keyedHash, treatments: {} } as PrivacyPolicy;
  t.is(privacyFilter(address, none)({ v: '192.0.2.7' }).v, hash('address', '192.0.2.7'));
});

test('clear leaves the very same object', async (t) => {
  const [example] = (await golden(handshakeCompleted)).examples;
  t.is(privacyFilter(handshakeCompleted, policy('clear'))(example), example);
});

test('of a decision whose personal fields are hashed nothing personal is left, and the rest is', async (t) => {
  const example = authDecided.parse((await golden(authDecided)).examples[0]);
  const copy = structuredClone(example);
  const treated = privacyFilter(authDecided, policy('hash'))(example);
  t.deepEqual(example, copy, 'the data itself stays as it is');
  for (const personal of ['alice', 'Alice', '192.0.2.7', 'dsl-7', 'Thunderbird', 'Mozilla']) {
    t.true(JSON.stringify(example).includes(personal));
    t.false(JSON.stringify(treated).includes(personal), personal);
  }
  t.is(treated.client.address, hash('address', '192.0.2.7'));
  t.is(treated.client.port, example.client.port);
  t.deepEqual(treated.stages, example.stages);
  t.is(treated.local?.address, '192.0.2.1', 'our own address is nobody’s');
});

test('arrays of personal fields are treated, and absent fields stay absent', (t) => {
  const schema = Type.Object({
    list: Type.Array(Type.Object({ v: Personal('account', { maxLength: 64 }) })),
    none: Type.Optional(Personal('account', { maxLength: 64 })),
  });
  const filter = privacyFilter({ subject: 'probe', schema }, policy('hash'));
  t.deepEqual(filter({ list: [{ v: 'a' }, { v: 'b' }] }), {
    list: [{ v: hash('account', 'a') }, { v: hash('account', 'b') }],
  });
});

test('a personal field where it could not be treated once is refused', (t) => {
  const personal = Personal('account', { maxLength: 64 });
  for (const schema of [
    Type.Union([Type.Object({ v: personal }), Type.Object({ w: personal })]),
    Type.Record(Type.String(), personal),
    Type.Object({ deep: Type.Array(Type.Union([personal, Type.Null()])) }),
  ]) {
    for (const treatment of ['clear', 'hash'] as const) {
      t.throws(() => privacyFilter({ subject: 'probe', schema }, policy(treatment)), {
        instanceOf: ContractError,
      });
    }
  }
  t.throws(() => Personal('account', { maxLength: 63 }), { instanceOf: ContractError });
});

for (const contract of catalogue.filter(({ kind }) => kind === 'evt')) {
  test(`whatever the policy, treated data of ${contract.subject} still fits its contract`, (t) => {
    const treatment = fc.constantFrom<Treatment>('clear', 'hash', 'prefix');
    const treatments = fc.record({
      ...{ account: treatment, address: treatment, device: treatment },
      ...{ person: treatment, 'user-agent': treatment },
    });
    fc.assert(
      fc.property(arbitrary(contract.schema), treatments, (data, chosen) => {
        const filter = privacyFilter(contract, { keyedHash, treatments: chosen });
        t.notThrows(() => contract.parse(filter(data)));
      }),
      runs(50, 2000),
    );
  });
}
