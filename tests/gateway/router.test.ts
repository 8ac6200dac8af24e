import {
  createRouter,
  normalizePath,
  parseHost,
  type Route,
  type RouteRequest,
} from '@sallyport/gateway';
import test from 'ava';
import fc from 'fast-check';
import { runs } from '../world/deep.ts';
import { makeRoute } from './make-route.ts';

interface Ask {
  url?: string;
  method?: string;
  headers?: Record<string, string[]>;
  sni?: string;
}

function request({
  url = 'https://example.com/',
  method = 'GET',
  headers = {},
  sni,
}: Ask): RouteRequest {
  const { protocol, host, pathname } = new URL(url);
  return {
    scheme: protocol === 'https:' ? 'https' : 'http',
    method,
    host: parseHost(host),
    path: normalizePath(pathname) as string,
    sni,
    headers: (name) => headers[name] ?? [],
  };
}

/** The name of the route that takes it. */
const taker = (routes: Route[], ask: Ask) =>
  createRouter(routes).match(request(ask))?.route.name ?? undefined;

const cases: [title: string, routes: Partial<Route>[], ask: Ask, winner: string | undefined][] = [
  ['a path is a prefix', [{ name: 'a', paths: ['/api'] }], { url: 'https://x/apis' }, 'a'],
  [
    'a shorter path is no match',
    [{ name: 'a', paths: ['/api'] }],
    { url: 'https://x/ap' },
    undefined,
  ],
  [
    'the longer prefix wins, whatever the order',
    [
      { name: 'long', paths: ['/api/v1'] },
      { name: 'short', paths: ['/api'] },
    ],
    { url: 'https://x/api/v1/users' },
    'long',
  ],
  [
    'the longer of the prefixes of one route counts',
    [
      { name: 'two', paths: ['/a', '/api/v1/users'] },
      { name: 'one', paths: ['/api'] },
    ],
    { url: 'https://x/api/v2' },
    'one',
  ],
  [
    'more kinds of criteria come before a longer path',
    [
      { name: 'path', paths: ['/api/very/long'] },
      { name: 'both', paths: ['/api'], hosts: ['example.com'] },
    ],
    { url: 'https://example.com/api/very/long' },
    'both',
  ],
  [
    'a plain host comes before a wildcard',
    [
      { name: 'wild', hosts: ['*.example.com'] },
      { name: 'plain', hosts: ['a.example.com'] },
    ],
    { url: 'https://a.example.com/' },
    'plain',
  ],
  [
    'a leading wildcard takes any depth',
    [{ name: 'w', hosts: ['*.example.com'] }],
    { url: 'https://a.b.example.com/' },
    'w',
  ],
  [
    'a leading wildcard needs something in its place',
    [{ name: 'w', hosts: ['*.example.com'] }],
    { url: 'https://example.com/' },
    undefined,
  ],
  [
    'a trailing wildcard takes any end',
    [{ name: 'w', hosts: ['example.*'] }],
    { url: 'https://example.co.uk/' },
    'w',
  ],
  [
    'a host matches whatever its case',
    [{ name: 'h', hosts: ['Example.COM'] }],
    { url: 'https://eXample.com/' },
    'h',
  ],
  [
    'a host without a port takes every port',
    [{ name: 'h', hosts: ['example.com'] }],
    { url: 'https://example.com:8443/' },
    'h',
  ],
  [
    'a host with a port takes that one only',
    [{ name: 'h', hosts: ['example.com:8443'] }],
    { url: 'https://example.com:9443/' },
    undefined,
  ],
  [
    'a regular expression comes before a prefix',
    [
      { name: 'prefix', paths: ['/users/1'] },
      { name: 'regex', paths: ['~/users/\\d'] },
    ],
    { url: 'https://x/users/1' },
    'regex',
  ],
  [
    'regular expressions go by their priority',
    [
      { name: 'low', paths: ['~/users/.*'], regex_priority: 1 },
      { name: 'high', paths: ['~/users/\\d+'], regex_priority: 2 },
    ],
    { url: 'https://x/users/1' },
    'high',
  ],
  [
    'a regular expression is anchored at the start',
    [{ name: 'r', paths: ['~/b'] }],
    { url: 'https://x/a/b' },
    undefined,
  ],
  [
    'a method must be one of the list',
    [{ name: 'm', methods: ['POST'] }],
    { method: 'GET' },
    undefined,
  ],
  [
    'headers decide, by value and whatever its case',
    [
      { name: 'other', paths: ['/'], headers: { 'X-Version': ['v2'] } },
      { name: 'h', paths: ['/'], headers: { 'X-Version': ['V1', 'beta'] } },
    ],
    { headers: { 'x-version': ['v1'] } },
    'h',
  ],
  [
    'a header may be an expression',
    [{ name: 'h', headers: { 'User-Agent': ['~*bot/\\d'] } }],
    { headers: { 'user-agent': ['Mozilla GoodBot/2'] } },
    'h',
  ],
  [
    'every header of a route must be there',
    [{ name: 'h', headers: { a: ['1'], b: ['2'] } }],
    { headers: { a: ['1'] } },
    undefined,
  ],
  [
    'the older of two equal routes wins',
    [
      { name: 'young', paths: ['/a'], created_at: 200 },
      { name: 'old', paths: ['/a'], created_at: 100 },
    ],
    { url: 'https://x/a' },
    'old',
  ],
  [
    'a server name must fit on https',
    [{ name: 's', paths: ['/'], snis: ['a.example'] }],
    { sni: 'b.example' },
    undefined,
  ],
  [
    'a server name is ignored on http',
    [{ name: 's', paths: ['/'], snis: ['a.example'] }],
    { url: 'http://x/' },
    's',
  ],
  [
    'a route for http only takes no https',
    [{ name: 'p', paths: ['/'], protocols: ['http'] }],
    {},
    undefined,
  ],
  [
    'a route for https only matches http, to be redirected',
    [{ name: 'p', paths: ['/'], protocols: ['https'] }],
    { url: 'http://x/' },
    'p',
  ],
  [
    'a pass-through route takes no request',
    [{ name: 'p', protocols: ['tls_passthrough'], snis: ['a'] }],
    { sni: 'a' },
    undefined,
  ],
  ['no route, no match', [], {}, undefined],
];

for (const [title, routes, ask, winner] of cases) {
  test(title, (t) => {
    t.is(taker(routes.map(makeRoute), ask), winner);
  });
}

test('named groups of the expression that matched come with the match, and how much it matched', (t) => {
  const router = createRouter([makeRoute({ paths: ['~/users/(?<id>\\d+)/'] })]);
  const match = router.match(request({ url: 'https://x/users/42/posts' }));
  t.deepEqual({ ...match?.captures }, { id: '42' });
  t.is(match?.matchedLength, '/users/42/'.length);
});

test('an expression that would make a backtracking engine hang answers at once', (t) => {
  const router = createRouter([makeRoute({ paths: ['~/(x+x+)+y'] })]);
  const started = performance.now();
  t.is(router.match(request({ url: `https://h/${'x'.repeat(5000)}` })), undefined);
  // A backtracking engine needs longer than the age of the universe; the bound only tells the two apart.
  t.true(performance.now() - started < 5000);
});

const host = fc.constantFrom('a.x', 'b.x', '*.x', 'a.*', 'a.x:81', 'c.b.x', '*.b.x');
const path = fc.constantFrom('/', '/a', '/a/b', '/a/b/c', '/b', '~/a/.', '~/[ab]$', '~/a/(b|c)/');
const some = <T>(values: fc.Arbitrary<T>) =>
  fc.option(fc.uniqueArray(values, { minLength: 1, maxLength: 3 }), { nil: null });
const routeFields = fc
  .record({
    hosts: some(host),
    paths: some(path),
    methods: some(fc.constantFrom('GET', 'POST')),
    headers: fc.option(
      fc.constantFrom<Record<string, string[]>>({ v: ['1'] }, { v: ['1', '2'], w: ['3'] }),
      { nil: null },
    ),
    snis: some(fc.constantFrom('a.x', '*.x')),
    protocols: fc.constantFrom(['http'], ['https'], ['http', 'https']) as fc.Arbitrary<
      Route['protocols']
    >,
    regex_priority: fc.nat(2),
    created_at: fc.nat(3),
  })
  .filter((f) => Boolean(f.hosts ?? f.paths ?? f.methods ?? f.headers));
const ask = fc.record({
  url: fc
    .tuple(
      fc.constantFrom('http', 'https'),
      fc.constantFrom('a.x', 'b.x', 'a.b.x', 'c.b.x', 'a.y', 'q', 'a.x:81', 'b.x:81'),
      fc.constantFrom('/', '/a', '/a/b', '/a/b/c/d', '/b', '/c', '/a/c/'),
    )
    .map(([scheme, where, at]) => `${scheme}://${where}${at}`),
  method: fc.constantFrom('GET', 'POST', 'PUT'),
  headers: fc.constantFrom({}, { v: ['1'] }, { v: ['2'], w: ['3'] }) as fc.Arbitrary<
    Record<string, string[]>
  >,
  sni: fc.constantFrom('a.x', 'b.x', 'other'),
});

/** The same rules, asked of every route in turn. */
function naive(routes: Route[], { url, method, headers, sni }: Required<Ask>): Route | undefined {
  const { protocol, hostname, port, pathname } = new URL(url);
  const https = protocol === 'https:';
  const name = (pattern: string, value: string) =>
    new RegExp(`^${pattern.replaceAll('.', '\\.').replace('*', '.+')}$`).test(value);
  const hostFits = (pattern: string) => {
    const [host = '', wanted] = pattern.split(':');
    return name(host, hostname) && (wanted === undefined || wanted === port);
  };
  const score = (route: Route): number[] | undefined => {
    const { hosts, paths, methods, headers: wanted, snis } = route;
    if (https ? !route.protocols.includes('https') : false) return undefined;
    if (hosts !== null && !hosts.some(hostFits)) return undefined;
    if (methods !== null && !methods.includes(method)) return undefined;
    if (snis !== null && https && !snis.some((s) => name(s, sni))) return undefined;
    for (const [key, values] of Object.entries(wanted ?? {})) {
      if (!headers[key]?.some((v) => values.includes(v))) return undefined;
    }
    const fitting = (paths ?? []).filter((p) =>
      p.startsWith('~') ? new RegExp(`^(?:${p.slice(1)})`).test(pathname) : pathname.startsWith(p),
    );
    if (paths !== null && fitting.length === 0) return undefined;
    const regex = fitting.some((p) => p.startsWith('~'));
    return [
      [hosts, paths, methods, wanted, snis].filter((c) => c !== null).length,
      Number(hosts !== null && !hosts.some((h) => h.includes('*'))),
      Object.keys(wanted ?? {}).length,
      Number(regex),
      regex ? route.regex_priority : 0,
      regex ? 0 : Math.max(0, ...fitting.map((p) => p.length)),
      -route.created_at,
    ];
  };
  const scored = routes.flatMap((route) => {
    const s = score(route);
    return s === undefined ? [] : [{ route, score: s }];
  });
  scored.sort((a, b) => {
    for (const [i, value] of a.score.entries()) {
      const difference = (b.score[i] as number) - value;
      if (difference !== 0) return difference;
    }
    return a.route.id < b.route.id ? -1 : 1;
  });
  return scored[0]?.route;
}

test('the router finds what asking every route in turn finds', (t) => {
  fc.assert(
    fc.property(
      fc.array(routeFields, { maxLength: 8 }),
      fc.array(ask, { minLength: 1, maxLength: 8 }),
      (fields, asks) => {
        const routes = fields.map((f) => makeRoute(f));
        const router = createRouter(routes);
        for (const one of asks) {
          t.is(router.match(request(one))?.route.id, naive(routes, one)?.id, JSON.stringify(one));
        }
      },
    ),
    runs(1000, 50_000),
  );
});

test('with ten thousand hosts the work of a match stays that of a few look-ups', (t) => {
  const time = (count: number) => {
    const routes = Array.from({ length: count }, (_, i) => makeRoute({ hosts: [`h${i}.example`] }));
    const router = createRouter(routes);
    const asked = request({ url: `https://h${count - 1}.example/` });
    const samples = Array.from({ length: 5 }, () => {
      const started = performance.now();
      for (let i = 0; i < 20_000; i += 1) router.match(asked);
      return performance.now() - started;
    });
    return Math.min(...samples);
  };
  // A scan would be a thousand times dearer.
  t.true(time(10_000) < 20 * time(10));
});
