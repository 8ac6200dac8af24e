import { checkName, createPermission, isPrivateName, registeredName } from '@sallyport/certs';
import test from 'ava';
import fc from 'fast-check';
import { runs } from '../world/deep.ts';

const signal = new AbortController().signal;
const allows = (options: Parameters<typeof createPermission>[0], name: string) =>
  createPermission(options).allows(name, {}, signal);

const GOOD = [
  ...['localhost', 'a.test', 'xn--bcher-kva.example', 'a-b.c-d.io', '1.a.test', '127.0.0.1.test'],
  ...['xn--fiqs8s', `${'a'.repeat(63)}.test`, 'a--b.test', 'a.b.c.d.e.f.g.h.i.test'],
];
for (const name of GOOD) {
  test(`${name.slice(0, 40)} is a name to obtain a certificate for`, (t) => {
    t.deepEqual(checkName(name), { name });
  });
}

const BAD = [
  ...['', '.', 'a..test', '.test', 'a.test.', '*.test', '*', 'a_b.test', '-a.test', 'a-.test'],
  ...['127.0.0.1', '127.1', '0x7f.0.0.1', '0x7f000001', '2130706433', '::1', '[::1]', 'a.127'],
  ...['ä.test', 'a b.test', 'a/b.test', 'a\0b.test', 'a:443', 'ab--c.test', 'xn--.test'],
  ...['xn--a.test', 'xn--zzzzzzzz99999.test', `${'a'.repeat(64)}.test`, 'a.b.c.d.e.f.g.h.i.j.test'],
  ...[`${'a'.repeat(60)}.`.repeat(5)],
];
for (const name of BAD) {
  test(`${JSON.stringify(name.slice(-40))} is none`, (t) => {
    t.true('flaw' in checkName(name));
  });
}

test('upper case is taken for lower case, and what was accepted is accepted again as it is', (t) => {
  t.deepEqual(checkName('Shop.EXAMPLE'), { name: 'shop.example' });
  const some = fc.string({ unit: 'binary', maxLength: 30 });
  fc.assert(
    fc.property(some, (text) => {
      const checked = checkName(text);
      if ('flaw' in checked) return true;
      const again = checkName(checked.name);
      return 'name' in again && again.name === checked.name && /^[a-z0-9.-]+$/.test(again.name);
    }),
    runs(500),
  );
  t.pass();
});

test('without any list nobody is permitted', (t) => {
  for (const name of GOOD) t.false(allows({}, name));
});

test('a list permits exactly its names', (t) => {
  const names = ['Shop.Example.com'];
  t.true(allows({ names }, 'shop.example.com'));
  for (const name of ['example.com', 'a.shop.example.com', 'xshop.example.com', 'com']) {
    t.false(allows({ names }, name));
  }
});

test('a pattern permits one label more, not none and not two', (t) => {
  const patterns = ['*.localhost', '*.shop.example.com'];
  for (const name of ['a.localhost', 'b.shop.example.com']) t.true(allows({ patterns }, name));
  for (const name of ['localhost', 'a.b.localhost', 'shop.example.com', 'xlocalhost', 'a.com']) {
    t.false(allows({ patterns }, name));
  }
});

test('names of our own routes are permitted as the gateway says', (t) => {
  const routes = { has: (name: string) => name === 'route.example.com' };
  t.true(allows({ routes }, 'route.example.com'));
  t.false(allows({ routes }, 'other.example.com'));
});

test('an entry that can permit nothing is refused when the permission is made', (t) => {
  const code = 'SP_ERR_CERTS_ARGUMENT';
  for (const pattern of ['*', '*.', '**.a.test', 'a.*.test', 'a.test', '*.*.test', '*.1.2.3.4']) {
    t.throws(() => createPermission({ patterns: [pattern] }), { code });
  }
  for (const name of ['*.a.test', '127.0.0.1', 'ä.test']) {
    t.throws(() => createPermission({ names: [name] }), { code });
  }
});

test('the registered name has two labels, or three where a country registers under a second one', (t) => {
  t.is(registeredName('a.b.example.com'), 'example.com');
  t.is(registeredName('a.b.example.co.uk'), 'example.co.uk');
  t.is(registeredName('a.example.de'), 'example.de');
  t.is(registeredName('co.uk'), 'co.uk');
  t.is(registeredName('localhost'), 'localhost');
});

test('private names are those that no public CA may issue for', (t) => {
  for (const name of ['localhost', 'a.localhost', 'x.test', 'nas', 'a.internal', 'p.home.arpa']) {
    t.true(isPrivateName(name));
  }
  for (const name of ['example.com', 'mylocalhost.com', 'test.de', 'arpa.home.com']) {
    t.false(isPrivateName(name));
  }
});
