import {
  checkClaim,
  checkKeys,
  checkLease,
  checkRange,
  checkWhole,
  checkWindows,
} from '../arguments.ts';
import { checkChanges } from '../changes.ts';
import { CounterRangeError } from '../errors.ts';
import { decodePart, encodeKey, encodePart, show } from '../key.ts';
import type {
  Changes,
  Check,
  Committed,
  Conflict,
  Entry,
  Key,
  Lease,
  Outbox,
  OutboxClaim,
  Space,
} from '../ports.ts';
import { type FullWindow, judge, type WindowLoad } from '../windows.ts';
import type { Connection } from './connection.ts';
import type { CheckStep, ClaimAnswer, CommitAnswer, CommitRequest } from './protocol.ts';

/** A space of the file behind `connection`: arguments checked, keys encoded, answers in the port's own terms. */
export function openSpace(name: string, connection: Connection): Space {
  const id = (key: Key) => `${name}:${encodeKey(key)}`;
  const queueOf = (partition: string) => `${name}:${encodePart(partition)}`;
  const listeners = new Set<() => void>();

  const outbox: Outbox = {
    async claim(options, signal) {
      checkClaim(options);
      const { limit, claimMs } = options;
      const found = await connection.ask({ verb: 'claim', space: name, limit, claimMs }, signal);
      return found === undefined ? undefined : openClaim(found, connection);
    },
    onCommit(listener) {
      // Wrapped, because the same function may listen twice and stop once.
      const call = () => listener();
      listeners.add(call);
      return { [Symbol.dispose]: () => void listeners.delete(call) };
    },
  };

  return {
    name,
    outbox,
    async get(keys, signal) {
      checkKeys(keys);
      const found = await connection.ask({ verb: 'get', ids: keys.map(id) }, signal);
      return found.map((stored, i): Entry | undefined =>
        stored === undefined ? undefined : { key: keys[i] as Key, ...stored },
      );
    },
    async counters(keys, signal) {
      checkKeys(keys);
      return [...(await connection.ask({ verb: 'counters', ids: keys.map(id) }, signal))];
    },
    async commit(changes, signal) {
      const queue = queueOf(checkChanges(changes));
      const { request, bytes } = commitRequest(changes, id, queue);
      const answer = await connection.ask(request, signal, bytes);
      const result = commitResult(changes, answer);
      if (result.ok && request.outbox.length > 0) for (const call of [...listeners]) call();
      return result;
    },
    async range(index, query, signal) {
      const { after, ...range } = checkRange(index, query);
      const place = after && { member: utf8(after.member), score: after.score };
      const found = await connection.ask(
        { verb: 'range', id: id(index), after: place, ...range },
        signal,
      );
      return found.map(({ member, score }) => ({ member: decoder.decode(member), score }));
    },
    async hit(windows, signal) {
      const full = checkWindows(windows);
      const steps = full.map(({ key, ...window }) => ({
        ...window,
        id: `${id(key)}:${window.periodMs}`,
        queue: queueOf(key[0]),
      }));
      const loads = await connection.ask({ verb: 'hit', windows: steps }, signal);
      return loads.map((load: WindowLoad, i) => judge(full[i] as FullWindow, load));
    },
    async lease(key, ttlMs, signal) {
      checkLease(key, ttlMs);
      const token = await connection.ask({ verb: 'take', id: id(key), ttlMs }, signal);
      return token === undefined ? undefined : openLease(key, id(key), token, ttlMs, connection);
    },
  };
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();
const utf8 = (text: string) => encoder.encode(text);

/** A copy if the bytes are part of something larger, all of which would travel to the worker otherwise. */
function own(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}

function commitRequest(changes: Changes, id: (key: Key) => string, queue: string) {
  const { check = [], put = [], index = [], count = [], outbox = [] } = changes;
  const request: CommitRequest & { verb: 'commit' } = {
    verb: 'commit',
    queue,
    id: changes.id,
    checks: check.map(
      (each): CheckStep =>
        'lease' in each
          ? { lease: id(each.lease), token: each.token }
          : { id: id(each.key), version: each.version },
    ),
    puts: put.map(({ key, value, format, ttlMs }) => ({
      id: id(key),
      value: own(value),
      format,
      ttlMs,
    })),
    deletes: (changes.delete ?? []).map(id),
    index: index.map((each) =>
      'add' in each
        ? { id: id(each.index), member: utf8(each.add), score: each.score, ttlMs: each.ttlMs }
        : { id: id(each.index), member: utf8(each.remove), score: undefined, ttlMs: undefined },
    ),
    counts: count.map(({ key, add, ttlMs }) => ({ id: id(key), add, ttlMs })),
    outbox: outbox.map(({ id: messageId, subject, headers, body }) => ({
      id: messageId,
      subject,
      ...(headers === undefined ? {} : { headers }),
      body: own(body),
    })),
  };
  const bytes =
    put.reduce((sum, { value }) => sum + value.byteLength, 0) +
    outbox.reduce((sum, { body }) => sum + body.byteLength, 0);
  return { request, bytes };
}

function commitResult(changes: Changes, answer: CommitAnswer): Committed | Conflict {
  switch (answer.done) {
    case 'committed':
      return { ok: true, version: answer.version, counters: answer.counters };
    case 'conflict':
      return { ok: false, failed: changes.check?.[answer.failed] as Check };
    case 'range': {
      const change = changes.count?.[answer.counter];
      throw new CounterRangeError(
        `counter ${show(change?.key)} plus ${change?.add} leaves ±(2^53 − 1)`,
      );
    }
  }
}

function openLease(
  key: Key,
  id: string,
  token: number,
  ttlMs: number,
  connection: Connection,
): Lease {
  const release = async (signal?: AbortSignal) => {
    await connection.ask({ verb: 'release', id, token }, signal);
  };
  return {
    key,
    token,
    check: { lease: key, token },
    renew: (signal) => connection.ask({ verb: 'renew', id, token, ttlMs }, signal),
    release,
    [Symbol.asyncDispose]: () => release(),
  };
}

function openClaim({ queue, token, messages }: ClaimAnswer, connection: Connection): OutboxClaim {
  return {
    partition: decodePart(queue.slice(queue.indexOf(':') + 1)),
    messages,
    async end(delivered, signal) {
      checkWhole(delivered, 'delivered', 0, messages.length);
      return connection.ask({ verb: 'end', queue, token, delivered }, signal);
    },
  };
}
