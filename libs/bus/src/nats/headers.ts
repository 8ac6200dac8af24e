import { type MsgHdrs, MsgHdrsImpl } from '@nats-io/transport-node';
import { BusArgumentError } from '../errors.ts';

/** No header is also an answer, and the most frequent one. */
const NONE: Readonly<Record<string, string>> = Object.freeze({});

/** Not the broker's own; without underscores, so that no sender can write `__proto__`. */
const NAME = /^(?!nats-)[a-z0-9-]+$/;

/** What would begin another header, or end them. */
const BREAK = /[\r\n]/;
/** RFC 5322 section 2.2: printable ASCII without the colon. */
const WRITABLE = /^[!-9;-~]+$/;

/**
 * Headers for the client; undefined when there are none, which saves the wire the frame. Made without the client's own
 * `set`, which costs more than all the rest of a small message; so the checks are here.
 */
export function toNats(headers: Readonly<Record<string, string>>): MsgHdrs | undefined {
  let lines: Record<string, string[]> | undefined;
  for (const name in headers) {
    const value = headers[name] as string;
    if (BREAK.test(value) || !WRITABLE.test(name)) {
      throw new BusArgumentError(
        `header ${JSON.stringify(name)}: ${JSON.stringify(value.slice(0, 80))} must be one line under a plain name`,
      );
    }
    lines ??= {};
    lines[name] = [value];
  }
  return lines === undefined ? undefined : MsgHdrsImpl.fromRecord(lines);
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
