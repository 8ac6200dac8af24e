import { checkKeys } from '../arguments.ts';
import type { Entry, Key } from '../ports.ts';
import { answered } from './answer.ts';
import type { Keyspace } from './keyspace.ts';
import type { Link } from './link.ts';
import { decodeCounter, decodeEntry } from './record.ts';

type Signal = AbortSignal | undefined;
type Stored = Buffer | null;

/** The verbs that read single keys: one GET or MGET per node, or per partition in a cluster. */
export function createReader(link: Link, keys: Keyspace) {
  /** The strings stored at `names`, which are of `of`: an array of them, or the only one. No promise more than needed. */
  function read(of: readonly Key[], names: string[], signal: Signal): Promise<unknown> {
    // GET says so when the key isn't a string; MGET takes such a key for absent.
    if (names.length === 1) return link.send('get', names, 'again', signal);
    if (link.cluster && !onePartition(of)) return readApart(of, names, signal);
    return link.send('mget', names, 'again', signal);
  }

  async function readApart(of: readonly Key[], names: string[], signal: Signal) {
    const places = Map.groupBy(of.keys(), (i) => (of[i] as Key)[0]);
    const values = new Array<Stored>(of.length).fill(null);
    const one = async (at: readonly number[]) => {
      const [there, asked] = [at.map((i) => of[i] as Key), at.map((i) => names[i] as string)];
      const reply = await read(there, asked, signal);
      const found = (at.length === 1 ? [reply] : reply) as Stored[];
      at.forEach((i, n) => {
        values[i] = found[n] as Stored;
      });
    };
    await Promise.all(places.values().map(one));
    return values;
  }

  async function each<T>(
    of: readonly Key[],
    name: (key: Key) => string,
    decode: (key: Key, bytes: Stored) => T,
    signal: Signal,
  ): Promise<T[]> {
    checkKeys(of);
    if (of.length === 0) return [];
    try {
      const reply = await read(of, of.map(name), signal);
      if (of.length === 1) return [decode(of[0] as Key, reply as Stored)];
      return of.map((key, i) => decode(key, (reply as Stored[])[i] as Stored));
    } catch (error) {
      throw answered(error, of);
    }
  }

  return {
    get: (of: readonly Key[], signal: Signal): Promise<(Entry | undefined)[]> =>
      each(of, keys.entry, toEntry, signal),
    counters: (of: readonly Key[], signal: Signal): Promise<number[]> =>
      each(of, keys.counter, toCounter, signal),
  };
}

function toEntry(key: Key, bytes: Stored): Entry | undefined {
  return bytes === null ? undefined : decodeEntry(key, bytes);
}

function toCounter(key: Key, bytes: Stored): number {
  return bytes === null ? 0 : decodeCounter(key, bytes);
}

function onePartition(keys: readonly Key[]): boolean {
  const first = keys[0]?.[0];
  return keys.every((key) => key[0] === first);
}
