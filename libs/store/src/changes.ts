import { checkBatch, checkName, checkScore, checkTtl, checkWhole } from './arguments.ts';
import { PartitionError, StoreArgumentError } from './errors.ts';
import { checkKey, encodeKey, show } from './key.ts';
import type { Changes, CounterChange, IndexChange, Key, OutboxMessage, Put } from './ports.ts';

/** Most bytes in a stored value. */
const MAX_VALUE_BYTES = 8 * 1024 * 1024;
/** Most bytes in the body of a message: what NATS takes unless it is told otherwise. */
const MAX_BODY_BYTES = 1024 * 1024;

/**
 * Checks a commit against the rules of the port and says which partition it is about. Throws
 * `StoreArgumentError` or `PartitionError`; what passes can be sent as it is.
 */
export function checkChanges(changes: Changes): string {
  const { check = [], put = [], index = [], count = [], outbox = [], id } = changes;
  const deleted = changes.delete ?? [];
  checkBatch(
    check.length + put.length + deleted.length + index.length + count.length + outbox.length,
    'checks, changes and messages',
  );
  if (id !== undefined) checkName(id, 'id of a commit');
  const once = oncePerCommit();
  const partition = onePartition(changes.partition);

  for (const one of check) {
    if ('lease' in one) {
      checkKey(one.lease);
      checkWhole(one.token, 'token', 0, Number.MAX_SAFE_INTEGER);
      partition.has(one.lease);
    } else {
      checkKey(one.key);
      if (one.version !== undefined) checkName(one.version, 'version');
      partition.has(one.key);
    }
  }
  for (const one of put) {
    once(one.key, 'entry');
    partition.has(one.key);
    checkPut(one);
  }
  for (const key of deleted) {
    once(key, 'entry');
    partition.has(key);
  }
  for (const one of index) {
    checkIndexChange(one);
    once(one.index, 'member', 'add' in one ? one.add : one.remove);
    partition.has(one.index);
  }
  for (const one of count) {
    once(one.key, 'counter');
    partition.has(one.key);
    checkCounterChange(one);
  }
  for (const message of outbox) checkMessage(message);
  return partition.name();
}

/** Every key of a commit must be of the same partition, and one of them (or `named`) must say which. */
function onePartition(named: string | undefined) {
  let name = named;
  if (name !== undefined) checkKey([name, '-']);
  return {
    has(key: Key): void {
      name ??= key[0];
      if (key[0] !== name) {
        throw new PartitionError(
          `key ${show(key)} isn't of partition ${show(name)} like the rest of its commit`,
        );
      }
    },
    name(): string {
      if (name === undefined) {
        throw new StoreArgumentError('commit names neither a key nor a partition');
      }
      return name;
    },
  };
}

function oncePerCommit() {
  const seen = new Set<string>();
  return (key: Key, what: string, member = ''): void => {
    // A NUL can't occur in an encoded key, so a member with anything in it can't look like another key.
    const id = `${what}\0${encodeKey(key)}\0${member}`;
    if (seen.has(id)) {
      const which = member === '' ? '' : ` ${show(member)} of`;
      throw new StoreArgumentError(`commit changes ${what}${which} ${show(key)} twice`);
    }
    seen.add(id);
  };
}

function checkPut({ key, value, format, ttlMs }: Put): void {
  if (!(value instanceof Uint8Array)) {
    throw new StoreArgumentError(`value of ${show(key)} isn't a Uint8Array`);
  }
  if (value.byteLength > MAX_VALUE_BYTES) {
    throw new StoreArgumentError(
      `value of ${show(key)} has ${value.byteLength} bytes, the most allowed is ${MAX_VALUE_BYTES}`,
    );
  }
  checkWhole(format, 'format', 1, 65_535);
  checkTtl(ttlMs);
}

function checkIndexChange(change: IndexChange): void {
  if ('remove' in change) {
    checkName(change.remove, 'member to remove');
    return;
  }
  checkName(change.add, 'member');
  checkScore(change.score);
  checkTtl(change.ttlMs);
}

function checkCounterChange({ add, ttlMs }: CounterChange): void {
  checkWhole(add, 'add', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  checkTtl(ttlMs);
}

function checkMessage({ id, subject, headers = {}, body }: OutboxMessage): void {
  checkName(id, 'id of a message');
  checkName(subject, 'subject of a message');
  for (const [name, value] of Object.entries(headers)) {
    checkName(name, 'header name');
    if (typeof value !== 'string' || !value.isWellFormed()) {
      throw new StoreArgumentError(`header ${show(name)} of message ${show(id)} isn't text`);
    }
  }
  if (!(body instanceof Uint8Array)) {
    throw new StoreArgumentError(`body of message ${show(id)} isn't a Uint8Array`);
  }
  if (body.byteLength > MAX_BODY_BYTES) {
    throw new StoreArgumentError(
      `body of message ${show(id)} has ${body.byteLength} bytes, the most allowed is ${MAX_BODY_BYTES}`,
    );
  }
}
