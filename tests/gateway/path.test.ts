import { readFileSync } from 'node:fs';
import { normalizePath, upstreamPath } from '@sallyport/gateway';
import test from 'ava';
import fc from 'fast-check';
import { runs } from '../world/deep.ts';

interface Row {
  service_path: string;
  route_path?: string;
  strip_path: boolean;
  path_handling: 'v0' | 'v1';
  request_path: string;
  expected_path: string;
}

const rows = JSON.parse(
  readFileSync(new URL('../fixtures/gateway/path_handling.json', import.meta.url), 'utf8'),
) as Row[];

test('every row of the table of path joining comes out as it says', (t) => {
  t.true(rows.length > 100);
  for (const row of rows) {
    const path = normalizePath(row.request_path) as string;
    const consumed = row.strip_path ? (row.route_path ?? '').length : 0;
    const { path_handling: handling, service_path: base } = row;
    t.is(upstreamPath({ base, path, consumed, handling }), row.expected_path, JSON.stringify(row));
  }
});

for (const [raw, normal] of [
  ['/', '/'],
  ['/a//b///c', '/a/b/c'],
  ['/a/./b/../c', '/a/c'],
  ['/../../etc/passwd', '/etc/passwd'],
  ['/a/%2e%2E/b', '/b'],
  ['/a/..', '/'],
  ['/a/.', '/a/'],
  ['/%41%7e%2d', '/A~-'],
  ['/a%2fb%c3%a4', '/a%2Fb%C3%A4'],
  ['/a%00', '/a%00'],
  ['/a.b/..c', '/a.b/..c'],
  ['//a/../..//b', '/b'],
] as const) {
  test(`the path ${raw} is matched as ${normal}`, (t) => {
    t.is(normalizePath(raw), normal);
  });
}

for (const raw of ['', 'a', '*', 'http://a/', '/%', '/%4', '/%zz', '/a%2']) {
  test(`the path ${JSON.stringify(raw)} is refused`, (t) => {
    t.is(normalizePath(raw), undefined);
  });
}

const piece = fc.constantFrom(
  '/',
  '.',
  '..',
  'a',
  '%2e',
  '%2E',
  '%2f',
  '%41',
  '~',
  '%',
  '//',
  'b;c',
);
const anyPath = fc.array(piece, { maxLength: 12 }).map((parts) => `/${parts.join('')}`);

test('a normalised path has no dot segments, no empty segments, and is its own normal form', (t) => {
  fc.assert(
    fc.property(anyPath, (raw) => {
      const path = normalizePath(raw);
      if (path === undefined) return;
      t.notRegex(path, /\/\/|\/\.\.?(\/|$)/);
      t.is(normalizePath(path), path);
    }),
    runs(1000, 100_000),
  );
});

test('no request path climbs out of the path of the service', (t) => {
  const handling = fc.constantFrom('v0', 'v1') as fc.Arbitrary<'v0' | 'v1'>;
  fc.assert(
    fc.property(
      anyPath,
      fc.nat(12),
      fc.constantFrom('/srv', '/srv/'),
      handling,
      (raw, n, base, h) => {
        const path = normalizePath(raw);
        if (path === undefined) return;
        const joined = upstreamPath({
          base,
          path,
          consumed: Math.min(n, path.length),
          handling: h,
        });
        t.true(normalizePath(joined)?.startsWith('/srv'), `${base} ${raw} ${n} ${h} → ${joined}`);
      },
    ),
    runs(1000, 100_000),
  );
});
