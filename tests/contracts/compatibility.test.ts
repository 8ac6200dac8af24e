import { breakingChanges, catalogue, defineEvent } from '@sallyport/contracts';
import test from 'ava';
import fc from 'fast-check';
import Type, { type TObjectOptions, type TSchema } from 'typebox';
import { runs } from '../world/deep.ts';
import { arbitrary } from './arbitrary.ts';
import { golden } from './golden.ts';

const open = { additionalProperties: true };
const before = Type.Object(
  {
    name: Type.String({ maxLength: 10 }),
    note: Type.Optional(Type.String({ description: 'old words' })),
    verdict: Type.Union([Type.Literal('yes'), Type.Literal('no')]),
    list: Type.Array(Type.Object({ n: Type.Integer() }, open)),
    map: Type.Record(Type.String(), Type.String()),
    secret: Type.Unsafe<string>({ type: 'string', 'x-sallyport-sealed': 'auth' }),
  },
  open,
);
const with_ = (change: Record<string, TSchema>, rest: TObjectOptions = open) =>
  Type.Object({ ...before.properties, ...change }, rest);
const without = (name: keyof typeof before.properties) => {
  const { [name]: _, ...rest } = before.properties;
  return Type.Object(rest as Record<string, TSchema>, open);
};

for (const [what, after, says] of [
  ['nothing', before, []],
  ['an optional property', with_({ more: Type.Optional(Type.String()) }), []],
  ['a description', with_({ note: Type.Optional(Type.String({ description: 'new' })) }), []],
] as const) {
  test(`adding ${what} is no break`, (t) => {
    t.deepEqual(breakingChanges(before, after), [...says]);
  });
}

for (const [what, after, says] of [
  ['removing an optional property', without('note'), /^\/note was removed$/],
  ['removing a required property', without('name'), /^\/name was removed$/],
  ['a new required property', with_({ more: Type.String() }), /^\/more is new and required$/],
  [
    'making an optional property required',
    with_({ note: Type.String() }),
    /^\/note became required$/,
  ],
  [
    'making a required property optional',
    with_({ name: Type.Optional(Type.String({ maxLength: 10 })) }),
    /^\/name became optional$/,
  ],
  ['another type', with_({ name: Type.Integer() }), /^\/name type was "string", is "integer"/],
  [
    'a lower limit',
    with_({ name: Type.String({ maxLength: 9 }) }),
    /^\/name maxLength was 10, is 9$/,
  ],
  [
    'a higher limit',
    with_({ name: Type.String({ maxLength: 11 }) }),
    /^\/name maxLength was 10, is 11$/,
  ],
  [
    'a new limit',
    with_({ note: Type.Optional(Type.String({ pattern: '^a' })) }),
    /^\/note pattern was absent, is "\^a"$/,
  ],
  [
    'another word in a closed list',
    with_({
      verdict: Type.Union([Type.Literal('yes'), Type.Literal('no'), Type.Literal('maybe')]),
    }),
    /^\/verdict anyOf had 2 variants, has 3$/,
  ],
  [
    'a changed word in a closed list',
    with_({ verdict: Type.Union([Type.Literal('yes'), Type.Literal('nay')]) }),
    /^\/verdict<1> const was "no", is "nay"$/,
  ],
  [
    'a break inside an array',
    with_({ list: Type.Array(Type.Object({ n: Type.Number() }, open)) }),
    /^\/list\/\*\/n type/,
  ],
  [
    'a break inside a record',
    with_({ map: Type.Record(Type.String(), Type.Integer()) }),
    /^\/map\/\* type/,
  ],
  ['closing an object', with_({}, {}), /^\/ additionalProperties was true, is absent$/],
  [
    'a secret that is no longer sealed',
    with_({ secret: Type.String() }),
    /^\/secret x-sallyport-sealed was "auth", is absent$/,
  ],
] as const) {
  test(`${what} is a break and says where`, (t) => {
    const changes = breakingChanges(before, after);
    t.true(changes.length >= 1);
    t.regex(changes[0] ?? '', says);
  });
}

test('a property added to an object that was not open is a break', (t) => {
  const [old, now] = [
    Type.Object({ a: Type.String() }),
    Type.Object({ a: Type.String(), b: Type.Optional(Type.String()) }),
  ];
  t.deepEqual(breakingChanges(old, now), ["/b is new in an object that isn't open"]);
});

/** How many of `count` values that fit `writer` a reader with schema `reader` refuses. */
function refusals(writer: object, reader: object, count = 200): number {
  const { parse } = defineEvent({
    type: 'compatibility.probe',
    version: 1,
    summary: '',
    data: reader as TSchema,
  });
  return fc.sample(arbitrary(writer), { numRuns: count, seed: 1 }).filter((value) => {
    try {
      parse(value);
      return false;
    } catch {
      return true;
    }
  }).length;
}

test('what the differ calls a break is one: readers refuse messages of the other side', (t) => {
  const added = with_({ more: Type.Optional(Type.String()) });
  t.is(refusals(before, added), 0);
  t.is(refusals(added, before), 0);
  t.true(refusals(before, with_({ more: Type.String() })) > 0);
  t.true(refusals(with_({ name: Type.String({ maxLength: 11 }) }), before) > 0);
  t.true(refusals(without('name'), before) > 0);
});

for (const contract of catalogue) {
  test(`${contract.subject} breaks nothing that was released`, async (t) => {
    const released = await golden(contract);
    t.deepEqual(breakingChanges(released.schema, contract.schema), []);
    if (contract.kind === 'rpc') {
      t.deepEqual(breakingChanges(released.reply ?? {}, contract.replySchema), []);
    }
  });

  test(`${contract.subject} is understood between the released version and this one, both ways`, async (t) => {
    const released = await golden(contract);
    const pairs: [object, object][] = [[released.schema, contract.schema]];
    if (contract.kind === 'rpc') pairs.push([released.reply ?? {}, contract.replySchema]);
    for (const [old, now] of pairs) {
      for (const [writer, reader] of [
        [old, now],
        [now, old],
      ] as const) {
        const { parse } = defineEvent({
          ...{ type: 'compatibility.probe', version: 1, summary: '' },
          data: reader as TSchema,
        });
        fc.assert(
          fc.property(arbitrary(writer), (value) => {
            const wire = JSON.parse(JSON.stringify(value)) as unknown;
            t.deepEqual(parse(wire), wire);
          }),
          runs(30, 1000),
        );
      }
    }
  });
}
