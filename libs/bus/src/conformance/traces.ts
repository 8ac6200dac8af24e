import assert from 'node:assert/strict';
import { tracer } from '@sallyport/runtime';
import { chore, noted, twice } from './contracts.ts';
import { eventually } from './eventually.ts';
import type { Case, SeenSpan } from './world.ts';

export function traceCases(define: Case, spans: () => readonly SeenSpan[]): void {
  define(
    'one trace leads through rpc, job and event, each span under what caused it',
    async (world) => {
      const [a, b] = [await world.connect(), await world.connect()];
      const title = `trial ${Math.random()}`;
      await b.rpc.respond(twice, {}, async ({ n }) => {
        await b.jobs.enqueue(chore, { n });
        return { n };
      });
      await b.jobs.work(chore, {}, async ({ data }) => {
        await b.events.record(noted, { n: data.n });
        b.events.publish(noted, { n: data.n + 1 });
      });
      let handled = 0;
      await a.events.subscribe(noted, { durable: 'tracing' }, () => {
        handled += 1;
      });
      await tracer('trial').span(title, {}, () => a.rpc.request(twice, { n: 1 }));
      const process = `process ${noted.subject}`;
      const root = () => spans().find(({ name }) => name === title);
      const mine = () => spans().filter(({ traceId }) => traceId === root()?.traceId);
      await eventually(
        () => handled === 2 && mine().filter(({ name }) => name === process).length === 2,
        () => `${handled} handled; ${mine().map(({ name }) => name)}`,
      );
      const chain = (span: SeenSpan | undefined): string[] => {
        if (span === undefined) return [];
        return [...chain(mine().find(({ spanId }) => spanId === span.parentId)), span.name];
      };
      const above = [
        ...[title, `request ${twice.subject}`, `respond ${twice.subject}`],
        ...[`publish ${chore.subject}`, `process ${chore.subject}`],
      ];
      const chains = mine()
        .filter(({ name }) => name === process)
        .map(chain)
        .sort((x, y) => y.length - x.length);
      assert.deepEqual(chains, [
        [...above, `publish ${noted.subject}`, process],
        [...above, process],
      ]);
    },
  );

  define('what comes without a trace is handled outside of any', async (world) => {
    const bus = await world.connect();
    const title = `trial ${Math.random()}`;
    let handled = 0;
    const handler = () =>
      tracer('trial').span(`inside ${title}`, {}, async () => {
        handled += 1;
      });
    const foreign = bus.outgoing.event(noted, { n: 1 });
    await bus.events.subscribe(noted, { durable: 'untraced' }, handler);
    await tracer('trial').span(title, {}, () => bus.outgoing.deliver(foreign));
    await eventually(
      () => handled === 1,
      () => `${handled} handled`,
    );
    const [outer, inner] = [title, `inside ${title}`].map((wanted) =>
      spans().find(({ name }) => name === wanted),
    );
    assert.ok(outer !== undefined && inner !== undefined);
    assert.notEqual(inner.traceId, outer.traceId);
    assert.equal(inner.parentId, undefined);
  });
}
