import { decodeUtf8, encodeUtf8, fromLua, LuaTable, toLua, Userdata } from '@sallyport/lua';
import test from 'ava';
import fc from 'fast-check';
import { runs } from '../../world/deep.ts';
import { run } from '../host/world.ts';

test('text crosses as UTF-8 only where asked', async (t) => {
  t.is(encodeUtf8('ä€'), '\xc3\xa4\xe2\x82\xac');
  t.is(decodeUtf8('\xc3\xa4'), 'ä');
  t.throws(() => toLua('€'), { message: "string isn't bytes: U+20ac at 0" });
  t.is(toLua('€', { strings: 'utf8' }), '\xe2\x82\xac');
  t.deepEqual(await run('return #("\\195\\164")'), [2]);
});

test('plain data survives the way into Lua and back', (t) => {
  const data = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.boolean(),
      fc.double({ noNaN: true }),
      fc.string({ unit: 'binary' }),
      fc.array(tie('value'), { maxLength: 5 }),
      fc
        .dictionary(fc.string({ unit: 'binary', minLength: 1 }), tie('value'), {
          minKeys: 1,
          maxKeys: 5,
          noNullPrototype: false,
        })
        .map((object) => Object.assign(Object.create(null), object)),
    ),
  })).value;
  fc.assert(
    fc.property(data, (value) => {
      const utf8 = { strings: 'utf8' } as const;
      t.deepEqual(fromLua(toLua(value, utf8), utf8), value);
    }),
    runs(200),
  );
  t.pass();
});

test('lists, maps, bytes, bigints and Lua values find their counterparts', (t) => {
  const table = new LuaTable();
  const list = toLua([1, null, new Uint8Array([0, 255]), 7n, table]) as LuaTable;
  t.deepEqual(
    [1, 2, 3, 4, 5].map((i) => list.get(i)),
    [1, undefined, '\0\xff', 7, table],
  );
  const mixed = toLua(
    new Map<unknown, unknown>([
      [1, 'a'],
      ['k', 'b'],
      [true, 'c'],
    ]),
  ) as LuaTable;
  t.deepEqual(
    fromLua(mixed),
    new Map<unknown, unknown>([
      [1, 'a'],
      ['k', 'b'],
      [true, 'c'],
    ]),
  );
  t.is(fromLua(new Userdata('held')), 'held');
  t.deepEqual(fromLua(toLua({})), []);
});

test("a field called __proto__ is data and touches no one's prototype", (t) => {
  const table = new LuaTable();
  table.set('__proto__', toLua({ polluted: true }));
  const object = fromLua(table) as Record<string, unknown>;
  t.is(Object.getPrototypeOf(object), null);
  t.deepEqual(Object.keys(object), ['__proto__']);
  t.is(({} as Record<string, unknown>)['polluted'], undefined);
});

test('what has no counterpart is refused', (t) => {
  const cycle: unknown[] = [];
  cycle.push(cycle);
  t.throws(() => toLua(cycle), { message: 'value contains itself' });
  t.throws(() => toLua(() => 1), { message: 'a function has no counterpart in Lua' });
  const own = new LuaTable();
  own.set(1, own);
  t.throws(() => fromLua(own), { message: 'table contains itself' });
});
