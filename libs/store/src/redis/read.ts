import { checkKeys } from '../arguments.ts';
import type { Entry, Key } from '../ports.ts';
import { answered } from './answer.ts';
import type { Keyspace } from './keyspace.ts';
import type { Link } from './link.ts';
import { decodeCounter, decodeEntry } from './record.ts';

type Signal = AbortSignal | undefined;

/** The verbs that read single keys: one GET or MGET per node, or per partition in a cluster. */
export function createReader(link: Link, keys: Keyspace) {
  /** The strings stored at `names`, whose keys are `of`; null where there is nothing. */
  async function read(of: readonly Key[], names: string[], signal: Signal) {
    if (of.length === 0) return [];
    try {
      if (!link.cluster || onePartition(of)) return await readTogether(names, signal);
      return await readApart(of, names, signal);
    } catch (error) {
      throw answered(error, of);
    }
  }

  async function readTogether(names: string[], signal: Signal): Promise<(Buffer | null)[]> {
    // GET says so when the key isn't a string; MGET takes such a key for absent.
    if (names.length === 1) {
      return [(await link.send('get', names, 'again', signal)) as Buffer | null];
    }
    return (await link.send('mget', names, 'again', signal)) as (Buffer | null)[];
  }

  async function readApart(of: readonly Key[], names: string[], signal: Signal) {
    const places = Map.groupBy(of.keys(), (i) => (of[i] as Key)[0]);
    const values = new Array<Buffer | null>(of.length).fill(null);
    const one = async (at: readonly number[]) => {
      const asked = at.map((i) => names[i] as string);
      const reply = await readTogether(asked, signal);
      at.forEach((i, n) => {
        values[i] = reply[n] as Buffer | null;
      });
    };
    await Promise.all(places.values().map(one));
    return values;
  }

  return {
    async get(of: readonly Key[], signal: Signal): Promise<(Entry | undefined)[]> {
      checkKeys(of);
      const found = await read(of, of.map(keys.entry), signal);
      return found.map((bytes, i) =>
        bytes === null ? undefined : decodeEntry(of[i] as Key, bytes),
      );
    },
    async counters(of: readonly Key[], signal: Signal): Promise<number[]> {
      checkKeys(of);
      const found = await read(of, of.map(keys.counter), signal);
      return found.map((bytes, i) => (bytes === null ? 0 : decodeCounter(of[i] as Key, bytes)));
    },
  };
}

function onePartition(keys: readonly Key[]): boolean {
  const first = keys[0]?.[0];
  return keys.every((key) => key[0] === first);
}
