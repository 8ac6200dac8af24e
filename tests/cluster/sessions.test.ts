import { testWith } from '../world/needs.ts';
import { until } from '../world/until.ts';
import { startCluster } from './cluster-world.ts';

const test = testWith('nats-server', 'redis-server');

test('whoever logs in at one edge is known at the other at once, and at neither within a second of the revocation', async (t) => {
  await using world = await startCluster();
  const login = await world.visit('edge-a', {
    path: '/private',
    headers: { authorization: world.basic },
  });
  t.is(login.status, 200, login.body);
  const headers = { cookie: login.cookie as string };
  const other = await world.visit('edge-b', { path: '/private', headers });
  t.is(other.status, 200);
  t.regex(other.body, /known as +alice/);
  t.is(other.headers['set-cookie'], undefined);

  const { sessions } = await world.operator<{ sessions: { session: string }[] }>(
    'GET',
    '/operator/v1/sessions?subject=alice',
  );
  const [{ session } = { session: '' }] = sessions;
  t.is(sessions.length, 1);
  await world.operator('DELETE', `/operator/v1/sessions/${session}`);
  const revoked = performance.now();
  for (const edge of ['edge-a', 'edge-b'] as const) {
    await until(
      async () => (await world.visit(edge, { path: '/private', headers })).status === 401,
      `${edge} refuses the cookie`,
    );
  }
  t.true(performance.now() - revoked <= 1000, `${performance.now() - revoked} ms`);
});
