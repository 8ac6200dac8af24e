import test from 'ava';
import { ask, openEdge, openUpstream, type Seen } from './edge-world.ts';

test('a request goes to the service of its route, with its path and query, and the response comes back', async (t) => {
  await using upstream = await openUpstream();
  await using it = await openEdge();
  await it.route('a', upstream.port, { hosts: ['a.test'], paths: ['/api'] }, { path: '/base' });
  const got = await ask(it.http, 'GET /api/x%41?q=1&r=%20');
  t.is(got.status, 200);
  const seen = JSON.parse(got.body) as Seen;
  t.is(seen.method, 'GET');
  t.is(seen.url, '/base/xA?q=1&r=%20');
  t.is(seen.headers['host'], `127.0.0.1:${upstream.port}`);
  const missing = await ask(it.http, 'GET /other');
  t.is(missing.status, 404);
  t.is(missing.body, '{"message":"no Route matched with those values"}');
});
