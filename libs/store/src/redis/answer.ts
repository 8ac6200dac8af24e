import { CounterRangeError, DamagedRecordError, UnknownFormatError } from '../errors.ts';
import { show } from '../key.ts';
import type { CounterChange, Key } from '../ports.ts';
import { codeOf } from './failure.ts';

/**
 * The port's error for an error that a script gave as its answer; any other error as it is. `about` is what the
 * command was about, for the message; `count` the counters it changed.
 */
export function answered(
  error: unknown,
  about: readonly Key[] | string,
  count: readonly CounterChange[] = [],
): unknown {
  if (!(error instanceof Error)) return error;
  const code = codeOf(error.message);
  const where = error.message.slice(code.length + 1);
  switch (code) {
    case 'SPDAMAGED':
      return new DamagedRecordError(`what redis has at ${where} isn't a record of this store`, {
        cause: error,
      });
    case 'SPFORMAT':
      return new UnknownFormatError(`the record at ${where} has a layout newer than known here`, {
        cause: error,
      });
    case 'SPCOUNTER': {
      const { key, add } = count[Number(where)] as CounterChange;
      return new CounterRangeError(`counter ${show(key)} plus ${add} is beyond ±(2^53 − 1)`, {
        cause: error,
      });
    }
    case 'WRONGTYPE':
      return new DamagedRecordError(
        `redis has a key of a type that isn't ours among ${show(about)}`,
        { cause: error },
      );
    default:
      return error;
  }
}
