import { followFeed } from '@sallyport/bus';
import { entityChanged, gateway } from '@sallyport/contracts';
import {
  changesOf,
  consumers,
  type EntityTables,
  type EntityType,
  entityFeed,
  entityLog,
  keyAuthPlugin,
  keyAuths,
  pluginSchemas,
  pluginsWith,
  routes,
  services,
} from '@sallyport/gateway';
import { systemClock } from '@sallyport/runtime';
import { testWith } from '../world/needs.ts';
import { until } from '../world/until.ts';
import { startControl, worlds } from './control-world.ts';

const test = testWith('redis-server', 'nats-server');
const plugins = pluginsWith(pluginSchemas([keyAuthPlugin]));
const types: EntityType[] = [services, routes, consumers, plugins, keyAuths];

for (const [name, open] of Object.entries(worlds)) {
  test(`${name}: a reader of the feed has every change within a second, whichever instance wrote it`, async (t) => {
    await using world = await open();
    await using a = await startControl({ space: world.space, bus: await world.connect() });
    await using b = await startControl({ space: world.space, bus: await world.connect() });
    let tables: EntityTables | undefined;
    let resets = 0;
    let asked = 0;
    const source = entityFeed(entityLog(world.space, types));
    await using reader = await followFeed({
      feed: gateway,
      feeds: (await world.connect()).feeds,
      source: {
        ...source,
        since: (at, signal) => {
          asked += 1;
          return source.since(at, signal);
        },
      },
      clock: systemClock,
      reset: (value) => {
        resets += 1;
        tables = value;
      },
      apply: (delta, version) => tables?.apply({ version, changes: changesOf(delta) }),
    });
    await reader.ready();
    await until(() => reader.fresh, 'the reader is fresh');

    const within = async (what: string, seen: () => unknown) => {
      await until(() => Boolean(seen()), `${what} reaches the reader`, 1000);
      t.pass();
    };
    // The first change begins the numbering: from then on deltas are enough.
    await a.ask('POST', '/services', { name: 's', host: 'a.example' });
    await within('a service', () => tables?.byKey(services, 's'));
    const began = resets;
    const askedBefore = asked;
    await b.ask('POST', '/services/s/routes', { name: 'r', paths: ['/r'] });
    await within('a route', () => tables?.byKey(routes, 'r'));
    await a.ask('PATCH', '/routes/r', { strip_path: false });
    await within('a change', () => tables?.byKey(routes, 'r')?.strip_path === false);
    await b.ask('POST', '/consumers', 'username=fiona');
    const key = (await b.ask('POST', '/consumers/fiona/key-auth', 'key=open_sesame')).json;
    await within('a key', () => tables?.get(keyAuths, key.id));
    await a.ask('DELETE', '/consumers/fiona');
    await within('a removal', () => tables?.count(consumers) === 0 && tables.count(keyAuths) === 0);
    // Without announcements each of the four steps would have been found by asking after a heartbeat.
    t.true(asked - askedBefore < 3, `asked ${asked - askedBefore} times`);
    await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        (i % 2 === 0 ? a : b).ask('POST', '/consumers', { username: `user-${i}` }),
      ),
    );
    await within('thirty at once', () => tables?.count(consumers) === 30);
    t.is(resets, began, 'by deltas alone');
    t.deepEqual(
      tables?.list(consumers),
      (await entityLog(world.space, types).load()).list(consumers),
    );
    t.true(reader.fresh);
  });

  test(`${name}: each change leaves as an event, once, in the order of versions, without what was written`, async (t) => {
    await using world = await open();
    await using instance = await startControl({ space: world.space, bus: await world.connect() });
    const bus = await world.connect();
    const events: unknown[] = [];
    await using _ = await bus.events.subscribe(entityChanged, { from: 'all' }, ({ data }) => {
      events.push(data);
    });
    const { ask } = instance;
    const { id } = (await ask('POST', '/consumers', 'username=fiona')).json;
    const key = (await ask('POST', '/consumers/fiona/key-auth', 'key=open_sesame')).json;
    await ask('PATCH', '/consumers/fiona', 'custom_id=7');
    await ask('PATCH', '/consumers/fiona', 'custom_id=&username=');
    await ask('DELETE', '/consumers/fiona');
    await until(() => events.length >= 5, 'five events');
    t.deepEqual(events, [
      { entity: 'consumers', id, change: 'created', version: 1 },
      { entity: 'key_auths', id: key.id, change: 'created', version: 2 },
      { entity: 'consumers', id, change: 'updated', version: 3 },
      { entity: 'key_auths', id: key.id, change: 'deleted', version: 4 },
      { entity: 'consumers', id, change: 'deleted', version: 4 },
    ]);
  });
}
