import { readdir } from 'node:fs/promises';
import {
  authDecide,
  type Contract,
  ContractError,
  catalogue,
  defineEvent,
  defineFeed,
  defineRpc,
  sealedFields,
} from '@sallyport/contracts';
import test from 'ava';
import fc from 'fast-check';
import Type from 'typebox';
import { runs } from '../world/deep.ts';
import { fixtures, golden } from './golden.ts';

/** The schemas of a contract with what they are for. */
const schemas = (contract: Contract): [string, object][] => [
  [contract.subject, contract.schema],
  ...(contract.kind === 'rpc'
    ? [[`${contract.subject} (reply)`, contract.replySchema] as [string, object]]
    : []),
];

/** Every schema node with its path, found without the library's own walk. */
function nodes(schema: unknown, path = ''): { path: string; node: Record<string, unknown> }[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const node = schema as Record<string, unknown>;
  return [
    { path, node },
    ...Object.entries(node).flatMap(([key, inner]) => nodes(inner, `${path}/${key}`)),
  ];
}

test('every message has a subject of its own, and exactly one golden file', async (t) => {
  const subjects = catalogue.map((contract) => contract.subject);
  t.is(new Set(subjects).size, subjects.length);
  const files = (await readdir(fixtures)).filter((file) => /^(evt|job|rpc|feed)\./.test(file));
  t.deepEqual(files.sort(), subjects.map((subject) => `${subject}.json`).sort());
});

for (const contract of catalogue) {
  test(`the golden examples of ${contract.subject} are read unchanged`, async (t) => {
    const { examples, replies = [], schema, reply } = await golden(contract);
    t.true(examples.length > 0);
    for (const example of examples) t.deepEqual(contract.parse(example), example);
    t.deepEqual(
      JSON.parse(JSON.stringify(contract.schema)),
      schema,
      'run infra/scripts/asyncapi.ts',
    );
    if (contract.kind !== 'rpc') return;
    t.true(replies.length > 0);
    for (const example of replies) t.deepEqual(contract.parseReply(example), example);
    t.deepEqual(JSON.parse(JSON.stringify(contract.replySchema)), reply);
  });

  test(`between them the golden examples of ${contract.subject} use every property`, async (t) => {
    const { examples, replies = [] } = await golden(contract);
    const used = new Set<string>();
    JSON.stringify([examples, replies], (key, value: unknown) => {
      used.add(key);
      return value;
    });
    for (const [name, schema] of schemas(contract)) {
      for (const { node } of nodes(schema)) {
        if (typeof node['properties'] !== 'object') continue;
        for (const property of Object.keys(node['properties'] as object)) {
          t.true(used.has(property), `${name}: ${property}`);
        }
      }
    }
  });

  test(`an example of ${contract.subject} without a required property is refused by its name`, async (t) => {
    const { examples } = await golden(contract);
    const { required = [] } = contract.schema as { required?: string[] };
    if (required.length === 0) t.notThrows(() => contract.parse({}));
    for (const name of required) {
      const { [name]: _, ...rest } = examples[0] as Record<string, unknown>;
      const error = t.throws(() => contract.parse(rest), { instanceOf: ContractError });
      t.true(error.message.includes(name), error.message);
    }
  });

  test(`whatever is made of an example of ${contract.subject}, reading it gives a value or a ContractError`, async (t) => {
    const { examples } = await golden(contract);
    const text = JSON.stringify(examples[0]);
    const values = fc.oneof(
      fc.anything({ withNullPrototype: true, withBigInt: true, withTypedArray: true }),
      // One value somewhere inside replaced by any other.
      fc.tuple(fc.nat(text.split(':').length), fc.jsonValue()).map(([at, other]) => {
        let n = 0;
        return JSON.parse(text, (_, value: unknown) => {
          n += 1;
          return n === at ? other : value;
        }) as unknown;
      }),
    );
    fc.assert(
      fc.property(values, (value) => {
        try {
          contract.parse(value);
          if (contract.kind === 'rpc') contract.parseReply(value);
        } catch (error) {
          t.true(error instanceof ContractError, String(error));
        }
      }),
      runs(100, 10_000),
    );
  });
}

test('every object of every message is open to later additions', (t) => {
  for (const [name, schema] of catalogue.flatMap(schemas)) {
    for (const { path, node } of nodes(schema)) {
      if (node['type'] !== 'object' || node['patternProperties'] !== undefined) continue;
      t.is(node['additionalProperties'], true, `${name}${path}`);
    }
  }
});

const SECRET =
  /pass|secret|token|cookie|credential|authorization|bearer|otp|pin$|(^|[a-z_])key$|private|nonce|pwd|hash/i;
/** Properties that are named like a secret and aren't one. */
const NO_SECRETS: Record<string, string> = {
  'evt.session.created.v1 credential': 'id of an entity',
  'rpc.sessions.create.v1 credential': 'id of an entity',
  'rpc.sessions.list.v1 (reply) credential': 'id of an entity',
  'feed.certificates.v1 key': "names a record; an http-01 challenge's token is public",
};

test('a property that is named like a secret is sealed', (t) => {
  const excused = new Set<string>();
  for (const [name, schema] of catalogue.flatMap(schemas)) {
    for (const { node } of nodes(schema)) {
      for (const [property, inner] of Object.entries((node['properties'] ?? {}) as object)) {
        if (!SECRET.test(property)) continue;
        const sealed = sealedFields(inner as object).some((field) => field.path === '');
        if (sealed) continue;
        t.true(`${name} ${property}` in NO_SECRETS, `${name}: ${property} must be Sealed`);
        excused.add(`${name} ${property}`);
      }
    }
  }
  t.deepEqual(Object.keys(NO_SECRETS).sort(), [...excused].sort(), 'no excuse outlives its reason');
});

test('a password in clear is refused, a sealed one is read', (t) => {
  const question = { login: 'alice', door: 'edge', client: { address: '192.0.2.7' } };
  const error = t.throws(() => authDecide.parse({ ...question, password: 'correct horse' }), {
    instanceOf: ContractError,
  });
  t.regex(error.message, /\/password/);
  t.false(error.message.includes('correct horse'), 'the value must not get into logs');
  t.notThrows(() => authDecide.parse({ ...question, password: `sp1.1.${'A'.repeat(60)}` }));
});

test('a message type with a bad name or version is refused when it is defined', (t) => {
  const data = Type.Object({});
  const refused = { instanceOf: ContractError };
  const event = (type: string, version = 1) =>
    defineEvent({ type: type as `${string}.${string}`, version, summary: '', data });
  for (const type of ['x', 'a.b.c', 'A.b', 'a.b_c', 'a.b--c', 'a.-b', 'a.*', 'a.', '1a.b']) {
    t.throws(() => event(type), refused, type);
  }
  for (const version of [0, 1.5, -1, Number.NaN]) t.throws(() => event('a.b', version), refused);
  t.throws(() => defineFeed({ type: 'a.b', version: 1, summary: '', data }), refused);
  t.is(event('a.b-c2', 3).subject, 'evt.a.b-c2.v3');
  t.is(event('a.b-c2', 3).eventType, 'sallyport.a.b-c2.v3');
});

test('the error about a message with many faults stays short', (t) => {
  const names = Array.from({ length: 500 }, (_, i) => `property${i}`);
  const data = Type.Object(Object.fromEntries(names.map((name) => [name, Type.String()])));
  const rpc = defineRpc({ type: 'a.b', version: 1, summary: '', data, reply: data });
  const faulty = Object.fromEntries(names.map((name) => [name, 1]));
  const error = t.throws(() => rpc.parseReply(faulty), { instanceOf: ContractError });
  t.regex(error.message, /^rpc\.a\.b\.v1 \(reply\) doesn't fit its contract: \/property0 /);
  t.true(error.message.length < 1000);
});
