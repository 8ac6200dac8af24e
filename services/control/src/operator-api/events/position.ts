import { OperatorRequestError } from '../../errors.ts';

/** Where a reader of the tail is: behind the event `index` (from 0) of the message at `sequence` in the stream. */
export interface Position {
  readonly sequence: number;
  readonly index: number;
}

const FORM = /^([1-9]\d{0,15})(?:\.(\d{1,9}))?$/;

/** `17.0`, `17.1` … for the events of message 17: the ids of server-sent events. */
export function positionText({ sequence, index }: Position): string {
  return `${sequence}.${index}`;
}

/** What a client sends back as Last-Event-ID; `17` alone is behind all of message 17. */
export function parsePosition(text: string): Position {
  const [, sequence, index] = FORM.exec(text) ?? [];
  if (sequence === undefined) {
    throw new OperatorRequestError(`Last-Event-ID '${text}' must be one that this stream gave`);
  }
  return {
    sequence: Number(sequence),
    index: index === undefined ? Number.POSITIVE_INFINITY : Number(index),
  };
}

/** Tells the events that are behind a position from those that its reader has had, as they come. */
export function counter(after: Position | undefined): {
  /** The position of the next event, of the message at `sequence`; undefined: the reader has had it. */
  next(sequence: number): Position | undefined;
} {
  let at: Position = { sequence: -1, index: -1 };
  return {
    next(sequence) {
      at = { sequence, index: at.sequence === sequence ? at.index + 1 : 0 };
      const had = after?.sequence === sequence && at.index <= after.index;
      return had ? undefined : at;
    },
  };
}
