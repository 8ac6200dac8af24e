import Type, { type Static } from 'typebox';
import { checker } from './check.ts';
import { type Envelope, type EventFields, envelopeWriter, type Origin } from './envelope.ts';
import { ContractError } from './errors.ts';

/**
 * The type of a drop notice. Reserved: an event's own type has a domain and a name, so it can't be this one.
 *
 * A notice stands on the subject of what was dropped, at the place of the last dropped event: its `seq` equals `to`.
 * So a reader that knows `seq` n−1 and then meets n, or a notice that begins at n, has lost nothing on the way;
 * anything else is loss (or, backwards, a duplicate).
 */
export const DROPPED = 'sallyport.dropped.v1';

export const droppedSchema = Type.Object(
  {
    /** The type of the dropped events: `sallyport.<type>.v<version>`. */
    of: Type.String({ minLength: 1, maxLength: 256 }),
    /** First and last `seq` of the gap, both inclusive. */
    from: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
    to: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
    /** A hyphenated word, such as {@link DropReason}; readers accept others. */
    reason: Type.String({ pattern: '^[a-z][a-z0-9]*(-[a-z0-9]+)*$', maxLength: 64 }),
  },
  { additionalProperties: true },
);

/** Data of a drop notice. */
export type Dropped = Static<typeof droppedSchema>;

/**
 * Why a `seq` of this product never stands in the stream as itself: a full buffer, an event that no message can hold, a
 * deadline when stopping; and of recorded events: stored before under another `seq`, or nobody knows whether it was stored.
 */
export type DropReason = 'pressure' | 'oversize' | 'shutdown' | 'duplicate' | 'unconfirmed';

const parseDropped = checker(DROPPED, droppedSchema);

/** Whether `envelope` is a drop notice; `ContractError` when it says so but isn't well formed. */
export function isDropNotice(envelope: Envelope): envelope is Envelope<Dropped> {
  if (envelope.type !== DROPPED) return false;
  const { from, to } = parseDropped(envelope.data);
  if (from <= to && to === envelope.seq) return true;
  throw new ContractError(
    `drop notice ${envelope.id}: range ${from} to ${to} must end at its own seq ${envelope.seq}`,
  );
}

/** Turns drop notices for the events of one type into their wire form, ready for `encodeBatch`. */
export function dropNoticeWriter(
  of: string,
  origin: Origin,
): (
  fields: Pick<EventFields<unknown>, 'id' | 'time'> & {
    from: number;
    to: number;
    reason: DropReason;
  },
) => string {
  const write = envelopeWriter(DROPPED, origin);
  return ({ id, time, from, to, reason }) => {
    if (!(from <= to)) throw new ContractError(`dropped range ${from} to ${to} must not be empty`);
    return write({ id, time, seq: to, data: parseDropped({ of, from, to, reason }) });
  };
}
