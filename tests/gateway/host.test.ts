import { parseHost } from '@sallyport/gateway';
import test from 'ava';
import fc from 'fast-check';
import { runs } from '../world/deep.ts';

for (const [text, name, port] of [
  ['example.com', 'example.com', undefined],
  ['EXAMPLE.com.:8443', 'example.com', 8443],
  ['localhost', 'localhost', undefined],
  ['127.0.0.1:80', '127.0.0.1', 80],
  ['[::1]:8443', '[::1]', 8443],
  ['[2001:DB8::1]', '[2001:db8::1]', undefined],
  ['a_b.example', 'a_b.example', undefined],
] as const) {
  test(`the host ${text} is read as ${name}, port ${port}`, (t) => {
    t.deepEqual(parseHost(text), { name, port });
  });
}

for (const text of [
  '',
  ':80',
  'a:b',
  'a:99999',
  'a b',
  'a/b',
  'a@b',
  'a,b',
  'a..b',
  '.a',
  '-a',
  'a\r\nb',
  'a\0',
  '*.a',
  '::1',
  '[::1',
  'x'.repeat(300),
]) {
  test(`the host ${JSON.stringify(text)} is refused`, (t) => {
    t.is(parseHost(text), undefined);
  });
}

test('whatever is read as a host reads the same again', (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.domain(), fc.ipV6(), fc.webAuthority()), (text) => {
      const host = parseHost(text);
      if (host === undefined) return;
      const again = host.port === undefined ? host.name : `${host.name}:${host.port}`;
      t.deepEqual(parseHost(again), host);
    }),
    runs(1000, 100_000),
  );
});
