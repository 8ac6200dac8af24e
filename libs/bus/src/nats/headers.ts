import { headers as emptyHeaders, type MsgHdrs } from '@nats-io/transport-node';

/** No header is also an answer, and the most frequent one. */
const NONE: Readonly<Record<string, string>> = Object.freeze({});

/** Not the broker's own; without underscores, so that no sender can write `__proto__`. */
const NAME = /^(?!nats-)[a-z0-9-]+$/;

/** Headers for the client; undefined when there are none, which saves the wire the frame. */
export function toNats(headers: Readonly<Record<string, string>>): MsgHdrs | undefined {
  let out: MsgHdrs | undefined;
  for (const name in headers) {
    out ??= emptyHeaders();
    out.set(name, headers[name] as string);
  }
  return out;
}

/** What a sender wrote, names in lower case. Others' names and the broker's own (`Nats-…`) stay out. First value wins. */
export function fromNats(headers: MsgHdrs | undefined): Readonly<Record<string, string>> {
  if (headers === undefined) return NONE;
  const out: Record<string, string> = {};
  for (const [name, values] of headers) {
    const lower = name.toLowerCase();
    const value = values[0];
    if (value === undefined || !NAME.test(lower) || Object.hasOwn(out, lower)) continue;
    out[lower] = value;
  }
  return out;
}
