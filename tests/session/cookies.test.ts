import {
  type CookieAttributes,
  createCookieWriter,
  readCookie,
  SessionArgumentError,
  SessionTooLargeError,
  withoutCookie,
} from '@sallyport/session';
import test from 'ava';
import fc from 'fast-check';
import { runs } from '../world/deep.ts';

const T0 = Date.UTC(2026, 10, 22);
const value = fc.stringMatching(/^[A-Za-z0-9_-]{1,60}$/);

/** What a browser would send back. */
function sent(setCookies: readonly string[]): string {
  return setCookies
    .filter((text) => !text.includes('Max-Age=0'))
    .map((text) => text.split(';')[0])
    .join('; ');
}

test('Attributes come in the order of Kong’s session plugin, with its defaults.', (t) => {
  t.deepEqual(createCookieWriter({ name: 'session' }).write('v'), [
    'session=v; Path=/; SameSite=Strict; Secure; HttpOnly',
  ]);
  const all = createCookieWriter({
    ...{ name: 'session', domain: 'a.example', path: '/x', sameSite: 'None' },
    ...{ priority: 'High', partitioned: true },
  });
  t.deepEqual(all.write('v', { lasting: { maxAge: 3600, now: T0 } }), [
    'session=v; Domain=a.example; Path=/x; SameSite=None; Priority=High; Partitioned; Secure; HttpOnly; ' +
      'Expires=Sun, 22 Nov 2026 01:00:00 GMT; Max-Age=3600',
  ]);
  const least = createCookieWriter({
    name: 's',
    sameSite: 'Default',
    secure: false,
    httpOnly: false,
  });
  t.deepEqual(least.write('v'), ['s=v; Path=/']);
});

test('A cookie is removed with the attributes it was set with, its pieces too.', (t) => {
  const writer = createCookieWriter({ name: 's', domain: 'a.example', path: '/x' });
  const end =
    '; Domain=a.example; Path=/x; SameSite=Strict; Secure; HttpOnly; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0';
  t.deepEqual(writer.clear(), [`s=${end}`]);
  t.deepEqual(writer.clear(['s', 's.2', 's.9', 'x']), [`s=${end}`, `s.2=${end}`]);
});

test('Lifetimes are capped at the 400 days of browsers.', (t) => {
  const [text = ''] = createCookieWriter({ name: 's' }).write('v', {
    lasting: { maxAge: 1e9, now: T0 },
  });
  t.regex(text, /Max-Age=34560000$/);
  t.throws(
    () => createCookieWriter({ name: 's' }).write('v', { lasting: { maxAge: 0, now: T0 } }),
    {
      instanceOf: SessionArgumentError,
    },
  );
});

const WRONG: readonly (readonly [CookieAttributes, RegExp])[] = [
  [{ name: '' }, /name '' must be a token/],
  [{ name: 'a b' }, /must be a token/],
  [{ name: 'a;b' }, /must be a token/],
  [{ name: 'a=b' }, /must be a token/],
  [{ name: 's', path: 'x' }, /path 'x' must begin with/],
  [{ name: 's', path: '/;x' }, /path/],
  [{ name: 's', path: '/\r\nx' }, /path/],
  [{ name: 's', domain: 'a;b' }, /domain/],
  [{ name: 's', sameSite: 'None', secure: false }, /SameSite=None must be Secure/],
  [{ name: 's', partitioned: true, secure: false }, /Partitioned must be Secure/],
  [{ name: '__Secure-s', secure: false }, /Secure by its prefix/],
  [{ name: '__host-s', secure: false }, /Secure by its prefix/],
  [{ name: '__Host-s', path: '/x' }, /path \/ and no domain/],
  [{ name: '__HOST-s', domain: 'a.example' }, /path \/ and no domain/],
  [{ name: 's', pieces: 10 }, /pieces is 10/],
];

test('Attributes that make browsers drop a cookie, or that end the attribute, are refused with the rule.', (t) => {
  for (const [attributes, message] of WRONG) {
    t.throws(() => createCookieWriter(attributes), { instanceOf: SessionArgumentError, message });
  }
  t.notThrows(() => createCookieWriter({ name: '__Host-s', sameSite: 'None', partitioned: true }));
  const writer = createCookieWriter({ name: 's' });
  for (const bad of ['', 'a;b', 'a\r\nb', '2.x']) {
    t.throws(() => writer.write(bad), { instanceOf: SessionArgumentError });
  }
});

test('A value of any length comes back from its cookies, none above 4096 bytes, in any order among others.', (t) => {
  const writer = createCookieWriter({ name: 'session', pieces: 9 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 36_500 }), fc.integer(), (length, seed) => {
      const text = Array.from({ length }, (_, i) => 'abcdefghijk'[(i * 7 + seed) % 11] ?? 'z').join(
        '',
      );
      const cookies = writer.write(text);
      const pairs = sent(cookies).split('; ');
      const whole = pairs.every((pair) => pair.length - 1 <= 4096);
      const found = readCookie(`a=b; ${pairs.toReversed().join('; ')}; c=d`, 'session');
      return whole && found.values.length === 1 && found.values[0] === text;
    }),
    runs(100),
  );
  t.is(writer.write('x'.repeat(36_500)).length, 9);
});

test('A value that needs more cookies than allowed is refused, and says what to do.', (t) => {
  t.throws(() => createCookieWriter({ name: 's' }).write('x'.repeat(20_000)), {
    ...{
      instanceOf: SessionTooLargeError,
      message: /20000 bytes, 4 cookies hold .* use server storage/,
    },
  });
});

test('A shorter value clears the pieces of the longer one before it, and left-overs that stay aren’t read.', (t) => {
  const writer = createCookieWriter({ name: 's' });
  const long = sent(writer.write('x'.repeat(10_000)));
  const { present } = readCookie(long, 's');
  t.deepEqual(present, ['s', 's.1', 's.2']);
  const cookies = writer.write('y'.repeat(5000), { present });
  t.deepEqual(
    cookies.map((text) => [text.slice(0, 4), text.includes('Max-Age=0')]),
    [
      ['s=2.', false],
      ['s.1=', false],
      ['s.2=', true],
    ],
  );
  const leftOver = `${sent(cookies)}; s.2=${'x'.repeat(100)}`;
  t.deepEqual(readCookie(leftOver, 's').values, ['y'.repeat(5000)]);
  t.deepEqual(readCookie(`s=short; s.1=xx; s.2=xx`, 's').values, ['short']);
});

test('A value with a piece missing isn’t given out.', (t) => {
  t.deepEqual(readCookie('s=3.a; s.1=b', 's'), { values: [], present: ['s', 's.1'] });
  t.deepEqual(readCookie('s.1=b', 's').values, []);
});

test('Of many cookies with one name the first four are given, in their order.', (t) => {
  t.deepEqual(readCookie('s=1; x=2; s=; s=3; s=4; s=5; s=6', 's').values, ['1', '3', '4']);
  t.deepEqual(readCookie(['s=a', 't=b; s=c'], 's').values, ['a', 'c']);
  t.deepEqual(readCookie('s=2.a; s.1=b; s=2.c; s.1=d', 's').values, ['ab', 'cd']);
});

test('Names are compared whole and with their case.', (t) => {
  for (const header of [
    'S=1',
    'ss=1',
    's2=1',
    's.0=1',
    's.9=1',
    's.10=1',
    's',
    '=s',
    'x=s=1',
    '"s"=1',
  ]) {
    t.deepEqual(readCookie(header, 's'), { values: [], present: [] }, header);
  }
});

test('A header above 64 KiB has no cookie of ours.', (t) => {
  t.deepEqual(readCookie(`s=1; x=${'y'.repeat(65_536)}`, 's').values, []);
});

test('Our cookies are taken out of a header, and all others stay in their order.', (t) => {
  t.is(withoutCookie('a=1; s=2; s.1=3;b=4 ; ss=5', 's'), 'a=1; b=4; ss=5');
  t.is(withoutCookie('s=2; s=3; s.8=1', 's'), undefined);
  t.is(withoutCookie('', 's'), undefined);
});

test('Any header gives a result; ours is found wherever it stands, and gone when taken out.', (t) => {
  const junk = fc.oneof(fc.string(), fc.stringMatching(/^[s.=;0-9 "]*$/));
  fc.assert(
    fc.property(junk, value, junk, (before, ours, after) => {
      const found = readCookie(`${before}; session=${ours}; ${after}`, 'session');
      const rest = withoutCookie(`${before}; session=${ours}; ${after}`, 'session');
      return (
        found.values.includes(ours) &&
        found.values.length <= 4 &&
        (rest === undefined || readCookie(rest, 'session').present.length === 0)
      );
    }),
    runs(1000),
  );
  t.pass();
});
