import {
  actionsRun,
  authDecide,
  ContractError,
  defineJob,
  Sealed,
  sealedFieldContext,
  sealedFields,
  sessionsRenew,
} from '@sallyport/contracts';
import test from 'ava';
import Type from 'typebox';

const job = defineJob({
  ...{ type: 'sealed.probe', version: 1, summary: '' },
  data: Type.Object({ secret: Sealed('auth') }),
});
const body = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8';

for (const [what, text] of [
  ['plain text', 'hunter2'],
  ['another format', `sp2.1.${body}`],
  ['no key id', `sp1..${body}`],
  ['a key id in capitals', `sp1.A.${body}`],
  ['a key id that is too long', `sp1.${'1'.repeat(17)}.${body}`],
  ['too few bytes to be sealed', 'sp1.1.AAAA'],
  ['padding', `sp1.1.${body}==`],
  ['characters outside base64url', `sp1.1.${body}+/`],
  ['a line break behind it', `sp1.1.${body}\n`],
  ['more than 16 kB', `sp1.1.${'A'.repeat(16_353)}`],
] as const) {
  test(`a sealed field with ${what} is refused`, (t) => {
    t.throws(() => job.parse({ secret: text }), { instanceOf: ContractError });
  });
}

test('a sealed field of the right form is read', (t) => {
  t.notThrows(() => job.parse({ secret: `sp1.1.${body}` }));
  t.notThrows(() => job.parse({ secret: `sp1.zz9.${'_'.repeat(16_352)}` }));
});

test('plain text is no sealed text to the compiler either', (t) => {
  // @ts-expect-error a string must have been sealed first
  const careless: Parameters<typeof defineData>[0] = { secret: 'hunter2' };
  t.is(careless.secret as string, 'hunter2');
});
function defineData(data: ReturnType<typeof job.parse>) {
  return data;
}

test('the sealed fields of a message are found wherever they are, with who reads them', (t) => {
  t.deepEqual(sealedFields(authDecide.schema), [{ path: '/password', reader: 'auth' }]);
  t.deepEqual(sealedFields(actionsRun.schema), [{ path: '/request/password', reader: 'actions' }]);
  t.deepEqual(sealedFields(sessionsRenew.replySchema), [{ path: '/cookie', reader: 'edge' }]);
  const everywhere = Type.Object({
    list: Type.Array(Sealed('certs')),
    map: Type.Record(Type.String(), Type.Object({ inner: Sealed('sessions') })),
  });
  t.deepEqual(sealedFields(everywhere), [
    { path: '/list/*', reader: 'certs' },
    { path: '/map/*/inner', reader: 'sessions' },
  ]);
});

test('what a sealed field is bound to differs whenever subject, path or id do', (t) => {
  const of = (subject: string, path: string, id: string) =>
    sealedFieldContext({ subject, path, id });
  const contexts = [
    of('rpc.a.b.v1', '/p', 'x'),
    of('rpc.a.b.v2', '/p', 'x'),
    of('rpc.a.b.v1', '/q', 'x'),
    of('rpc.a.b.v1', '/p', 'y'),
    of('rpc.a.b.v1', '/p","x', ''),
    of('rpc.a.b.v1/p', '', 'x'),
  ];
  t.is(new Set(contexts).size, contexts.length);
});
