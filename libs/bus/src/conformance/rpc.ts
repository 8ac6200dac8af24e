import assert from 'node:assert/strict';
import { SallyportError, systemClock } from '@sallyport/runtime';
import { RpcBusyError, RpcFailedError, RpcTimeoutError, RpcUnavailableError } from '../errors.ts';
import { twice } from './contracts.ts';
import { eventually, gate } from './eventually.ts';
import { type Case, faultLog } from './world.ts';

class TooOddError extends SallyportError {
  readonly code = 'SP_ERR_TOO_ODD';
}

export function rpcCases(define: Case): void {
  define('many requests at once each get their own answer', async (world) => {
    const [client, server] = [await world.connect(), await world.connect()];
    await server.rpc.respond(twice, { concurrency: 500 }, async ({ n }) => {
      await systemClock.sleep(n % 7);
      return { n: 2 * n };
    });
    const asked = Array.from({ length: 500 }, (_, n) => n);
    const answers = await Promise.all(asked.map((n) => client.rpc.request(twice, { n })));
    assert.deepEqual(
      answers.map(({ n }) => n),
      asked.map((n) => 2 * n),
    );
  });

  define('a request that nobody answers is unavailable at once', async (world) => {
    const bus = await world.connect();
    const began = systemClock.monotonic();
    await assert.rejects(
      bus.rpc.request(twice, { n: 1 }, { timeoutMs: 5_000 }),
      RpcUnavailableError,
    );
    assert.ok(systemClock.monotonic() - began < 1_000);
    const responder = await bus.rpc.respond(twice, {}, ({ n }) => ({ n }));
    assert.deepEqual(await bus.rpc.request(twice, { n: 1 }), { n: 1 });
    await responder.drain();
    await assert.rejects(bus.rpc.request(twice, { n: 1 }), RpcUnavailableError);
  });

  define('a deadline ends the waiting of the caller and aborts the handler', async (world) => {
    const [client, server] = [await world.connect(), await world.connect()];
    let [executed, aborted] = [false, false];
    await server.rpc.respond(twice, {}, async ({ n }, { signal }) => {
      executed = true;
      await systemClock.sleep(5_000, signal).catch(() => {
        aborted = true;
      });
      return { n };
    });
    const began = systemClock.monotonic();
    await assert.rejects(
      client.rpc.request(twice, { n: 1 }, { timeoutMs: 150 }),
      (error: Error) =>
        error instanceof RpcTimeoutError && /may have been executed/.test(error.message),
    );
    const took = systemClock.monotonic() - began;
    assert.ok(took >= 149 && took < 600, `${took} ms`);
    await eventually(
      () => aborted,
      () => 'the handler is aborted',
    );
    assert.ok(executed);
  });

  define('a caller may stop waiting, and its late answer harms nobody', async (world) => {
    const bus = await world.connect();
    const hang = gate();
    await bus.rpc.respond(twice, {}, async ({ n }) => {
      if (n === 1) await hang.opened;
      return { n: 2 * n };
    });
    const reason = new Error('changed my mind');
    const stop = new AbortController();
    const asked = bus.rpc.request(twice, { n: 1 }, { signal: stop.signal });
    stop.abort(reason);
    await assert.rejects(asked, reason);
    hang.open();
    assert.deepEqual(await bus.rpc.request(twice, { n: 2 }), { n: 4 });
    await assert.rejects(bus.rpc.request(twice, { n: 3 }, { signal: stop.signal }), reason);
  });

  define(
    'a failure comes back as code and message, and what wasn’t meant for others stays',
    async (world) => {
      const { faults, onFault } = faultLog();
      const [client, server] = [await world.connect(), await world.connect({ onFault })];
      await server.rpc.respond(twice, {}, ({ n }) => {
        if (n === 1) throw new TooOddError('1 is too odd');
        if (n === 2) throw new Error('password hunter2 is wrong');
        return { n: 'many' } as unknown as { n: number };
      });
      const failed = (code: string, message: string) => (error: unknown) =>
        error instanceof RpcFailedError && error.remoteCode === code && error.message === message;
      await assert.rejects(
        client.rpc.request(twice, { n: 1 }),
        failed('SP_ERR_TOO_ODD', '1 is too odd'),
      );
      await assert.rejects(
        client.rpc.request(twice, { n: 2 }),
        failed('SP_ERR_INTERNAL', 'internal error'),
      );
      await assert.rejects(
        client.rpc.request(twice, { n: 3 }),
        failed('SP_ERR_INTERNAL', 'internal error'),
      );
      assert.deepEqual(
        faults.map(({ kind }) => kind),
        ['handler', 'poison'],
      );
    },
  );

  define(
    'a responder without room says so at once, and is there again when it has',
    async (world) => {
      const [client, server] = [await world.connect(), await world.connect()];
      const hang = gate();
      let begun = 0;
      await server.rpc.respond(twice, { concurrency: 2, waiting: 1 }, async ({ n }) => {
        begun += 1;
        await hang.opened;
        return { n };
      });
      const accepted = [1, 2, 3].map((n) => client.rpc.request(twice, { n }));
      await eventually(
        () => begun === 2,
        () => `${begun} begun`,
      );
      const began = systemClock.monotonic();
      await assert.rejects(client.rpc.request(twice, { n: 4 }), RpcBusyError);
      assert.ok(systemClock.monotonic() - began < 1_000);
      assert.equal(begun, 2);
      hang.open();
      assert.deepEqual(
        (await Promise.all(accepted)).map(({ n }) => n),
        [1, 2, 3],
      );
      assert.deepEqual(await client.rpc.request(twice, { n: 5 }), { n: 5 });
    },
  );

  define('a request whose caller gave up while it waited isn’t begun', async (world) => {
    const bus = await world.connect();
    const hang = gate();
    const begun: number[] = [];
    await bus.rpc.respond(twice, { concurrency: 1 }, async ({ n }) => {
      begun.push(n);
      if (n === 1) await hang.opened;
      return { n };
    });
    const first = bus.rpc.request(twice, { n: 1 });
    await eventually(
      () => begun.length === 1,
      () => `${begun}`,
    );
    await assert.rejects(bus.rpc.request(twice, { n: 2 }, { timeoutMs: 50 }), RpcTimeoutError);
    hang.open();
    await first;
    await bus.rpc.request(twice, { n: 3 });
    assert.deepEqual(begun, [1, 3]);
  });

  define('responders share the requests; the idempotency key arrives', async (world) => {
    const buses = [await world.connect(), await world.connect()];
    const counts = [0, 0];
    const keys = new Set<string | undefined>();
    for (const [i, bus] of buses.entries()) {
      await bus.rpc.respond(twice, {}, ({ n }, { idempotencyKey }) => {
        counts[i] = (counts[i] ?? 0) + 1;
        keys.add(idempotencyKey);
        return { n };
      });
    }
    for (let n = 0; n < 100; n += 1) {
      await buses[0]?.rpc.request(twice, { n }, { idempotencyKey: `key-${n % 2}` });
    }
    assert.equal((counts[0] ?? 0) + (counts[1] ?? 0), 100);
    assert.ok(
      counts.every((count) => count > 10),
      `${counts}`,
    );
    assert.deepEqual([...keys].sort(), ['key-0', 'key-1']);
  });

  define(
    'a responder that drains answers what it has; no request is left without an answer',
    async (world) => {
      const [client, server, spare] = [
        await world.connect(),
        await world.connect(),
        await world.connect(),
      ];
      let running = 0;
      const slow = async ({ n }: { n: number }) => {
        await systemClock.sleep(5);
        return { n: 2 * n };
      };
      const counted = async (request: { n: number }) => {
        running += 1;
        return slow(request).finally(() => {
          running -= 1;
        });
      };
      const limits = { concurrency: 4, waiting: 1_000 };
      const first = await server.rpc.respond(twice, limits, counted);
      await spare.rpc.respond(twice, limits, slow);
      const asked = Array.from({ length: 200 }, (_, n) => n);
      const answers = Promise.all(asked.map((n) => client.rpc.request(twice, { n })));
      await systemClock.sleep(20);
      assert.ok(running > 0);
      await first.drain();
      assert.equal(running, 0);
      await server[Symbol.asyncDispose]();
      assert.deepEqual(
        (await answers).map(({ n }) => n),
        asked.map((n) => 2 * n),
      );
    },
  );
}
